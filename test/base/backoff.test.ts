import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffDelay, jitteredDelay } from "../../src/base/backoff.ts";

const bounds = { first: 1000, most: 30_000 };

describe("backoffDelay", () => {
  it("doubles from the first delay and stays at the most", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 2000].map((failures) => Math.round(backoffDelay(failures, bounds, 0.5)));
    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("never leaves 90 % to 110 % of the bounds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
        const delay = backoffDelay(failures, bounds, random);
        assert.ok(delay >= 900 && delay <= 33_000);
      }),
    );
  });
});

describe("jitteredDelay", () => {
  it("spreads over everything up to what doubling gives", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 2000].map((failures) => jitteredDelay(failures, bounds, 0.5));
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    assert.deepEqual([1, 3, 50].map((failures) => jitteredDelay(failures, bounds, 0)), [100, 100, 100]);
  });

  it("is never under a tenth of the first, and under the most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const delay = jitteredDelay(failures, bounds, random);
        assert.ok(delay >= 100 && delay < 30_000);
        assert.ok(delay <= Math.max(100, 1000 * 2 ** (failures - 1)));
      }),
    );
  });
});
