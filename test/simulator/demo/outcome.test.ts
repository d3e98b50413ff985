import assert from "node:assert/strict";
import { isPassed, renderDemo, type DemoReport } from "../../../src/simulator/demo/outcome.ts";
import { playSteps, type Step } from "../../../src/simulator/demo/play.ts";
import { JumpingClock } from "../../fakes/jumping-clock.ts";

const forever = new AbortController().signal;

async function play(steps: readonly Step[], said: string[] = []): Promise<DemoReport> {
  const told: string[] = [];
  const played = await playSteps(steps, { clock: new JumpingClock(), tell: ({ id }) => void told.push(id), say: (title, doing) => void said.push(`${title}: ${doing}`) }, forever);
  assert.deepEqual(told, steps.map(({ id }) => id));
  return { proxy: "simulated proxy", stage: "namespaces", steps: played, seconds: 1.25 };
}

const good: Step = { id: "a", title: "A machine joins", show: async () => "seen" };
const bad: Step = { id: "b", title: "It works", show: async () => Promise.reject(new Error("nobody answered")) };
const clean: Step = { id: "c", title: "Nothing is left", show: async () => "nothing", always: true };
const absent: Step = { id: "d", title: "Traffic is redirected", show: async () => "never", obstacle: { why: "nft is missing", remedy: "apt-get install nftables" } };

describe("the demo's report", () => {
  it("passes when all was shown, and when something cannot be shown here", async () => {
    const report = await play([good, absent, clean]);
    assert.equal(isPassed(report), true);
    assert.equal(renderDemo(report), [
      "Machines join a mesh, work, fail, come back and leave (simulated proxy, namespaces)",
      "",
      "  √ A machine joins         0.00 s  seen",
      "  - Traffic is redirected   0.00 s  not shown: nft is missing",
      "  √ Nothing is left         0.00 s  nothing",
      "",
      "2 of 3 steps shown, in 1.3 s",
      "To see the rest: apt-get install nftables",
    ].join("\n"));
  });

  it("tells what a step is waiting for", async () => {
    const said: string[] = [];
    await play([{ ...good, show: async (_signal, say) => {
      say("5 s so far");
      return "seen";
    } }], said);
    assert.deepEqual(said, ["A machine joins: 5 s so far"]);
  });

  it("fails with the first failure, does not play what rests on it, and still cleans up", async () => {
    const report = await play([good, bad, good, clean]);
    assert.equal(isPassed(report), false);
    assert.deepEqual(report.steps.map(({ outcome }) => outcome.status), ["shown", "failed", "not run", "shown"]);
    assert.match(renderDemo(report), /× It works .* nobody answered\n .*after 'b' failed/);
    assert.match(renderDemo(report), /The demo failed/);
  });
});
