import assert from "node:assert/strict";
import { initialVerdict, planThreshold } from "../../src/harness/probe-threshold.ts";

function play(answers: string): string {
  let verdict = initialVerdict;
  return [...answers].map((answer) => {
    verdict = planThreshold(verdict, answer === "+" ? undefined : "it failed");
    return verdict.ready ? "R" : "-";
  }).join("");
}

describe("thresholds of the application's probe", () => {
  for (const [answers, verdicts] of [["+", "R"], ["---", "---"], ["+--+--", "RRRRRR"], ["+---", "RRR-"], ["+---+", "RRR-R"], ["+-+-+-", "RRRRRR"]] as const) {
    it(`${answers} gives ${verdicts}`, () => assert.equal(play(answers), verdicts));
  }

  it("carries the last failure, also while it does not count yet", () => {
    assert.deepEqual(planThreshold({ ready: true, why: undefined, against: 0 }, "late"), { ready: true, why: "late", against: 1 });
    assert.deepEqual(planThreshold({ ready: true, why: "late", against: 2 }, undefined), { ready: true, why: undefined, against: 0 });
  });
});
