import assert from "node:assert/strict";
import fc from "fast-check";
import { initialVerdict, planThreshold, type Thresholds } from "../../src/harness/probe-threshold.ts";

const usual: Thresholds = { successThreshold: 1, failureThreshold: 3 };

function play(answers: string, thresholds = usual): string {
  let verdict = initialVerdict;
  return Array.from(answers, (answer) => {
    verdict = planThreshold(verdict, answer === "+" ? undefined : "it failed", thresholds);
    return verdict.ready ? "R" : "-";
  }).join("");
}

/** As kubelet counts: the length of the last run of equal answers, whatever is in force. */
function playRuns(answers: string, { successThreshold, failureThreshold }: Thresholds): string {
  let [ready, last, run] = ["-", "", 0];
  return Array.from(answers, (answer) => {
    run = answer === last ? run + 1 : 1;
    last = answer;
    if (run >= (answer === "+" ? successThreshold : failureThreshold)) ready = answer === "+" ? "R" : "-";
    return ready;
  }).join("");
}

describe("thresholds of the application's probe", () => {
  for (const [answers, verdicts] of [["+", "R"], ["---", "---"], ["+--+--", "RRRRRR"], ["+---", "RRR-"], ["+---+", "RRR-R"], ["+-+-+-", "RRRRRR"]] as const) {
    it(`${answers} gives ${verdicts}`, () => assert.equal(play(answers), verdicts));
  }

  it("takes successes in a row too", () => assert.equal(play("++-+++-", { successThreshold: 3, failureThreshold: 1 }), "-----R-"));

  it("is what kubelet's own count gives, for any answers and thresholds", () => {
    const threshold = fc.integer({ min: 1, max: 4 });
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("+", "-"), maxLength: 40 }), threshold, threshold, (answers, successThreshold, failureThreshold) => {
      const thresholds = { successThreshold, failureThreshold };
      assert.equal(play(answers, thresholds), playRuns(answers, thresholds));
    }), { numRuns: 500 });
  });

  it("carries the last failure, also while it does not count yet", () => {
    assert.deepEqual(planThreshold({ ready: true, why: undefined, against: 0 }, "late", usual), { ready: true, why: "late", against: 1 });
    assert.deepEqual(planThreshold({ ready: true, why: "late", against: 2 }, undefined, usual), { ready: true, why: undefined, against: 0 });
  });
});
