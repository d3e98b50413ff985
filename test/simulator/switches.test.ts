import assert from "node:assert/strict";
import { askSimulator, simulatorStatusSchema } from "../../src/simulator/control-socket.ts";
import { isMomentary, judgeSwitch, ordinarySwitches, switches, type SwitchName } from "../../src/simulator/switches.ts";
import type { RunningSimulator } from "../../src/simulator/run-simulator.ts";
import { makeFolder, startSimulator } from "./lab.ts";

const rows = Object.entries(switches).flatMap(([name, { values }]) => Object.keys(values).map((value) => ({ name: name as SwitchName, value })));

describe("simulator: switches", () => {
  const stack = new AsyncDisposableStack();
  let folder = "";
  let simulator: RunningSimulator;

  before("a simulator", async () => {
    folder = stack.use(await makeFolder()).path;
    simulator = stack.use(await startSimulator(folder));
  });
  after(() => stack.disposeAsync());

  async function set(name: string, value: string): Promise<Readonly<Record<string, string>>> {
    return simulatorStatusSchema.parse(await askSimulator(folder, { path: "/set", body: { switch: name, value } }, AbortSignal.timeout(5000))).switches;
  }

  for (const { name, value } of rows) {
    it(`${name} ${value} can be set, shows, and is set right again`, async () => {
      const ordinary = ordinarySwitches();
      assert.deepEqual(await set(name, value), { ...ordinary, [name]: isMomentary(name, value) ? ordinary[name] : value });
      assert.deepEqual(await set(name, ordinary[name]), ordinary);
    });
  }

  it("a momentary value leaves a standing fault as it is", async () => {
    await set("destination", "slow");
    assert.equal((await set("destination", "cut"))["destination"], "slow");
    await set("destination", "on");
  });

  for (const [name, value] of [["nothing", "good"], ["identity", "nothing"], ["toString", "x"], ["identity", "toString"]] as const) {
    it(`refuses ${name} ${value} by a sentence and changes nothing`, async () => {
      assert.match(judgeSwitch(name, value) ?? "", /no switch|takes/u);
      await assert.rejects(set(name, value), { code: "SIMULATOR_SWITCH" });
      assert.deepEqual(simulator.status().switches, ordinarySwitches());
    });
  }

  it("the first value of each is the ordinary one, and no momentary one is", () => {
    for (const [name, value] of Object.entries(ordinarySwitches())) assert.equal(isMomentary(name as SwitchName, value), false);
  });
});
