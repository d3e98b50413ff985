import assert from "node:assert/strict";
import { planNextProbe } from "../../src/harness/probe-pace.ts";

describe("the pace of probes", () => {
  for (const [what, now, next] of [
    ["a quick probe waits for the next of the grid", 1001, 6000],
    ["so does a slow one", 5999, 6000],
    ["one that took the whole period is followed at once", 6000, 6000],
    ["one that missed one is followed at once, by that", 7000, 6000],
    ["one that missed several is followed by the last of them, at once", 17_000, 16_000],
  ] as const) {
    it(what, () => assert.equal(planNextProbe(1000, now, 5000), next));
  }
});
