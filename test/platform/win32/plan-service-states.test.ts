import assert from "node:assert/strict";
import fc from "fast-check";
import { controls, initialSituation, planServiceStep, tickEvery, type ServiceEvent, type ServicePhase, type ServiceSituation } from "../../../src/platform/win32/plan-service-states.ts";

const phases: readonly ServicePhase[] = ["starting", "running", "stopping", "stopped"];
const control = (number: number, detail = 0): ServiceEvent => ({ kind: "control", control: number, detail });

const events: Readonly<Record<string, ServiceEvent>> = {
  started: { kind: "started" }, tick: { kind: "tick" }, "ended well": { kind: "ended", code: 0 }, "ended with 10": { kind: "ended", code: 10 },
  stop: control(controls.stop), shutdown: control(controls.shutdown), preshutdown: control(controls.preshutdown), interrogate: control(controls.interrogate),
  resume: control(controls.powerEvent, 0x12), suspend: control(controls.powerEvent, 0x4), "a control nobody knows": control(200),
};

function renderStep(situation: ServiceSituation, event: ServiceEvent): string {
  const { situation: after, status, answer, effect } = planServiceStep(situation, event);
  const told = status && `tells state ${status.state} accepts 0x${status.controls.toString(16)} checkpoint ${status.checkpoint} hint ${status.waitHint} exit ${status.exit}/${status.specificExit}`;
  return [after.phase, told ?? "tells nothing", ...(answer === 0 ? [] : [`answers ${answer}`]), ...(effect === undefined ? [] : [`does ${effect}`])].join(", ");
}

describe("the states of the service", () => {
  it("as a table: what each event does in each state", () => {
    const table = Object.entries(events).flatMap(([name, event]) => phases.map((phase) => `${phase} + ${name}: ${renderStep({ phase, checkpoint: 3 }, event)}`));
    assert.deepEqual(table, [
      "starting + started: running, tells state 4 accepts 0x145 checkpoint 0 hint 0 exit 0/0",
      "running + started: running, tells nothing",
      "stopping + started: stopping, tells nothing",
      "stopped + started: stopped, tells nothing",
      "starting + tick: starting, tells state 2 accepts 0x0 checkpoint 4 hint 10000 exit 0/0",
      "running + tick: running, tells nothing",
      "stopping + tick: stopping, tells state 3 accepts 0x0 checkpoint 4 hint 10000 exit 0/0",
      "stopped + tick: stopped, tells nothing",
      "starting + ended well: stopped, tells state 1 accepts 0x0 checkpoint 0 hint 0 exit 0/0",
      "running + ended well: stopped, tells state 1 accepts 0x0 checkpoint 0 hint 0 exit 0/0",
      "stopping + ended well: stopped, tells state 1 accepts 0x0 checkpoint 0 hint 0 exit 0/0",
      "stopped + ended well: stopped, tells nothing",
      "starting + ended with 10: stopped, tells state 1 accepts 0x0 checkpoint 0 hint 0 exit 1066/10",
      "running + ended with 10: stopped, tells state 1 accepts 0x0 checkpoint 0 hint 0 exit 1066/10",
      "stopping + ended with 10: stopped, tells state 1 accepts 0x0 checkpoint 0 hint 0 exit 1066/10",
      "stopped + ended with 10: stopped, tells nothing",
      ...["stop", "shutdown", "preshutdown"].flatMap((name) => [
        `starting + ${name}: stopping, tells state 3 accepts 0x0 checkpoint 1 hint 10000 exit 0/0, does stop`,
        `running + ${name}: stopping, tells state 3 accepts 0x0 checkpoint 1 hint 10000 exit 0/0, does stop`,
        `stopping + ${name}: stopping, tells nothing`,
        `stopped + ${name}: stopped, tells nothing`,
      ]),
      "starting + interrogate: starting, tells state 2 accepts 0x0 checkpoint 3 hint 10000 exit 0/0",
      "running + interrogate: running, tells state 4 accepts 0x145 checkpoint 3 hint 0 exit 0/0",
      "stopping + interrogate: stopping, tells state 3 accepts 0x0 checkpoint 3 hint 10000 exit 0/0",
      "stopped + interrogate: stopped, tells state 1 accepts 0x0 checkpoint 3 hint 0 exit 0/0",
      "starting + resume: starting, tells nothing, does resume",
      "running + resume: running, tells nothing, does resume",
      "stopping + resume: stopping, tells nothing, does resume",
      "stopped + resume: stopped, tells nothing, does resume",
      "starting + suspend: starting, tells nothing",
      "running + suspend: running, tells nothing",
      "stopping + suspend: stopping, tells nothing",
      "stopped + suspend: stopped, tells nothing",
      ...phases.map((phase) => `${phase} + a control nobody knows: ${phase}, tells nothing, answers 120`),
    ]);
  });

  it("a start that waits for something is running after 20 s, so that it can be stopped", () => {
    let situation = initialSituation;
    let ticks = 0;
    while (situation.phase === "starting") {
      situation = planServiceStep(situation, { kind: "tick" }).situation;
      ticks += 1;
    }
    assert.deepEqual([situation.phase, ticks * tickEvery], ["running", 22_000]);
  });

  it("whatever happens: stopped is the end, it is told once, and pending states show signs of life that only grow", () => {
    const one = fc.constantFrom(...Object.values(events));
    fc.assert(fc.property(fc.array(one, { maxLength: 40 }), (all) => {
      let situation = initialSituation;
      let ends = 0;
      let stops = 0;
      for (const event of all) {
        const before = situation;
        const step = planServiceStep(before, event);
        situation = step.situation;
        if (step.effect === "stop") stops += 1;
        if (before.phase === "stopped") assert.equal(situation.phase, "stopped");
        if (before.phase === situation.phase) assert.ok(situation.checkpoint >= before.checkpoint);
        if (step.status?.state === 1 && before.phase !== "stopped") ends += 1;
      }
      assert.ok(ends <= 1 && stops <= 1);
      assert.equal(ends === 1, situation.phase === "stopped");
    }));
  });
});
