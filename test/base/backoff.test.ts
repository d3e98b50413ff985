import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffDelay } from "../../src/base/backoff.ts";

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
