import assert from "node:assert/strict";
import { judgeRedirect, type RedirectFacts } from "../../../src/cli/redirect/judge.ts";
import { redirectReportSchema } from "../../../src/cli/redirect/report.ts";
import { renderRedirect } from "../../../src/cli/redirect/render.ts";

const address = "127.0.0.1:4192";
const answering = { address, state: "answering", want: "on" } as const;
const absent = { address, state: "absent" } as const;
const present = { state: "present", mode: "redirect", owner: 71, drift: [] } as const;
const usual: RedirectFacts = { asked: "status", setting: "on", harness: answering, seen: present };

const cases: readonly (readonly [string, Partial<RedirectFacts>, string])[] = [
  ["on and in force", {}, "good on: Traffic goes through the proxy"],
  ["refusing", { seen: { ...present, mode: "refuse" } }, "bad refusing: Traffic that belongs to the mesh is refused until the proxy is back"],
  ["drift", { seen: { ...present, drift: ["set x lacks 1"] } }, "bad on: The rules in force differ from what the settings mean"],
  ["wanted and not there yet", { seen: { state: "absent" } }, "bad off: The redirect is wanted, and nothing is redirected yet"],
  ["off at the harness", { harness: { ...answering, want: "off" }, seen: { state: "absent" } }, "good off: Nothing is redirected, as wanted"],
  ["switched off", { asked: "off", seen: { state: "absent" } }, "good off: Nothing is redirected, as wanted"],
  ["switched off, still there", { asked: "off" }, "bad on: The redirect is still in force"],
  ["off without a harness", { asked: "off", harness: absent, seen: { state: "absent" } }, "good off: No harness runs, and without one nothing is redirected"],
  ["off without a harness, unprivileged", { asked: "off", harness: absent, seen: { state: "unknown", detail: "not permitted" } }, "good unknown: No harness runs, and without one nothing is redirected"],
  ["on without a harness", { asked: "on", harness: absent, seen: { state: "absent" } }, "bad off: No harness runs, and without one nothing is redirected"],
  ["status without a harness", { harness: absent, seen: { state: "absent" } }, "bad off: No harness runs, and without one nothing is redirected"],
  ["a holder, but no harness", { asked: "off", harness: absent }, "bad on: No harness answers at 127.0.0.1:4192, yet process 71 holds rules"],
  ["a holder of unknown number", { harness: absent, seen: { ...present, owner: undefined } }, "bad on: No harness answers at 127.0.0.1:4192, yet another process holds rules"],
  ["somebody else at the port", { asked: "off", harness: { address, state: "strange", detail: "it answered with status 404" }, seen: { state: "absent" } }, "bad off: 127.0.0.1:4192 does not answer as a harness: it answered with status 404"],
  ["foreign rules", { seen: { state: "foreign", detail: "chain X" } }, "bad foreign: Rules that are not ours steer traffic: chain X"],
  ["unprivileged", { seen: { state: "unknown", detail: "not permitted" } }, "good unknown: The harness keeps the redirect on; the rules cannot be read: not permitted"],
];

describe("redirect report", () => {
  for (const [what, changes, expected] of cases) {
    it(`judges: ${what}`, () => {
      const { report, good } = judgeRedirect({ ...usual, ...changes });
      assert.equal(`${good ? "good" : "bad"} ${report.state}: ${report.summary}`, expected);
      assert.deepEqual(redirectReportSchema.parse(report), report);
      assert.ok(good || report.next !== undefined, "a bad answer says what to do next");
    });
  }

  it("is rendered with owner, differences and the next step", () => {
    const { report } = judgeRedirect({ ...usual, seen: { ...present, drift: ["set x lacks 1"] } });
    assert.equal(renderRedirect(report), [
      "The rules in force differ from what the settings mean",
      "  desired   on",
      "  in force  on, held by process 71",
      "  harness   answering at 127.0.0.1:4192",
      "  differs   set x lacks 1",
      "  next      Restart the harness if the settings were changed since it started.",
    ].join("\n"));
  });
});
