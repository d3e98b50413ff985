import assert from "node:assert/strict";
import { Leader } from "./leader.ts";
import { ServiceLab, type Service } from "./service-lab.ts";
import { StoreGate } from "./store-gate.ts";
import { openFleet, WireMachine } from "./wire-machine.ts";

/** Two rounds, ten seconds, and a renewal of each machine that lives. */
async function live(lab: ServiceLab, { service, leader, alive, seconds }: { readonly service: Service; readonly leader: Leader; readonly alive: readonly WireMachine[]; readonly seconds: number }): Promise<void> {
  for (let second = 0; second < seconds; second += 10) {
    assert.deepEqual(new Set(await Promise.all(alive.map((machine) => machine.renew(service)))), new Set(alive.length > 0 ? ["ok"] : []));
    await leader.rounds(lab, 2);
  }
}

describe("many machines silent at once, over the wire", () => {
  it("nobody expires for five minutes while the others are served; who comes back was never not ready, who does not expires then", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machines = await openFleet(lab, service, 12);
    const [cutOff, dead, alive] = [machines.slice(0, 4), machines.slice(4, 7), machines.slice(7)];
    const leader = await Leader.lead(service);
    await live(lab, { service, leader, alive, seconds: 300 });
    assert.deepEqual(leader.lines, ["tripped everything"]);
    for (const machine of machines) assert.equal(await lab.condition(machine.name), "True Ready");
    await live(lab, { service, leader, alive: [...alive, ...cutOff], seconds: 120 });
    assert.deepEqual(leader.lines.slice(1).toSorted(), dead.map(({ name }) => `expire ${name}`).toSorted());
    for (const machine of [...alive, ...cutOff]) assert.equal(await lab.condition(machine.name), "True Ready");
  });

  it("while the breaker is open a machine may leave in good order: not ready at once, gone after its drain", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machines = await openFleet(lab, service, 12);
    const [leaving, alive] = [machines[0]!, machines.slice(7)];
    const leader = await Leader.lead(service);
    await live(lab, { service, leader, alive, seconds: 70 });
    assert.deepEqual(leader.lines, ["tripped everything"]);
    assert.deepEqual([await leaving.leave(service, "drain"), await lab.condition(leaving.name)], ["ok", "False Draining"]);
    await live(lab, { service, leader, alive, seconds: 10 });
    assert.deepEqual([await leaving.leave(service, "delete"), await lab.condition(leaving.name)], ["ok", "gone"]);
    assert.deepEqual(leader.lines, ["tripped everything"]);
  });

  it("a whole group that leaves in good order trips nothing and is gone", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machines = await openFleet(lab, service, 10);
    const leader = await Leader.lead(service);
    for (const machine of machines) assert.equal(await machine.leave(service, "delete"), "ok");
    await leader.rounds(lab, 4);
    assert.deepEqual(leader.lines.toSorted(), machines.map(({ name }) => `delete ${name}`).toSorted());
  });
});

describe("the server drains", () => {
  it("calls under way end well and nobody loses one: each machine's next call goes to the other replica", async () => {
    await using lab = await ServiceLab.open();
    const gate = new StoreGate(lab.store);
    const [one, two] = [await lab.service({ store: gate.store }), await lab.service()];
    const machines = await openFleet(lab, one, 8);
    const [release, arrived] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let waiting = 0;
    gate.weather = { until: release.promise };
    gate.onWait = () => ((waiting += 1) === machines.length ? arrived.resolve() : undefined);
    const underWay = machines.map((machine) => machine.renew(one, machine.renewAsk("NotReady")));
    await arrived.promise;
    const drained = one.server.drain(5000);
    const late = await WireMachine.make(lab);
    assert.equal(await late.register(one), "UNAVAILABLE");
    release.resolve();
    assert.deepEqual(new Set(await Promise.all(underWay)), new Set(["ok"]));
    await drained;
    assert.equal(one.server.counts().connections, 0);
    for (const machine of machines) assert.equal(await lab.condition(machine.name), "False NotReady");
    assert.deepEqual(new Set(await Promise.all([...machines, late].map((machine) => (machine === late ? machine.register(two) : machine.renew(two))))), new Set(["ok"]));
  });

  it("and another one at the same address takes over between two calls: machines notice nothing", async () => {
    await using lab = await ServiceLab.open();
    let service = await lab.service();
    const { address } = service.server;
    const machines = await openFleet(lab, service, 4);
    // Where the machines' service is stays the same, whichever process answers there.
    const [first] = [service];
    for (let restart = 0; restart < 3; restart += 1) {
      const calls = machines.map((machine) => machine.renew(first));
      await service.stop(5000);
      for (const told of await Promise.all(calls)) assert.match(told, /^(?:ok|UNAVAILABLE)$/u);
      service = await lab.service({ server: { listen: address } });
      assert.deepEqual(await Promise.all(machines.map((machine) => machine.renew(first))), ["ok", "ok", "ok", "ok"]);
    }
    for (const machine of machines) assert.equal(await lab.condition(machine.name), "True Ready");
  });
});
