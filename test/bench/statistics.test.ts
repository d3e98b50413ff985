import assert from "node:assert/strict";
import { percentile, summarise } from "../../bench/statistics.ts";

describe("statistics of the benchmarks", () => {
  it("take the middle value, or the mean of the two middle ones", () => {
    assert.deepEqual(summarise([3, 1, 2]), { runs: 3, median: 2, least: 1, most: 3 });
    assert.equal(summarise([4, 1, 3, 2]).median, 2.5);
  });

  it("take the value that a share of all does not exceed", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)], [50, 99, 100]);
    assert.equal(percentile([7], 0.99), 7);
    assert.ok(Number.isNaN(percentile([], 0.5)));
  });
});
