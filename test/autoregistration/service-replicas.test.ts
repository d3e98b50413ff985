import assert from "node:assert/strict";
import type { Round } from "../../src/autoregistration/rounds.ts";
import { usualRates } from "./lab.ts";
import { Leader } from "./leader.ts";
import { openGroup, ServiceLab, watchRaw } from "./service-lab.ts";
import { StoreGate } from "./store-gate.ts";
import { openFleet, WireMachine } from "./wire-machine.ts";

const { signal } = new AbortController();

describe("two replicas on one store, answering alternately", () => {
  it("serve a machine's whole life: join, ready, moved, restarted, drained, gone, each at the other one", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, machine] = [await lab.service(), await lab.service(), await WireMachine.make(lab)];
    assert.equal(await machine.register(one), "ok");
    for (const service of [two, one, two, one, two]) {
      lab.clock.jump(10_000);
      assert.equal(await machine.renew(service), "ok");
      assert.equal(await lab.condition(machine.name), "True Ready");
    }
    assert.equal(await machine.renew(one, machine.renewAsk("NotReady")), "ok");
    assert.equal(await lab.condition(machine.name), "False NotReady");
    machine.addresses = ["10.99.0.1"];
    assert.deepEqual([await machine.renew(two), await machine.renew(one), await lab.condition(machine.name)], ["ok", "ok", "True Ready"]);
    const next = machine.restarted();
    assert.deepEqual([await next.register(two), await machine.renew(one), await next.renew(one)], ["ok", "SUPERSEDED", "ok"]);
    assert.deepEqual([await next.leave(two, "drain"), await lab.condition(next.name)], ["ok", "False Draining"]);
    lab.clock.jump(10_000);
    assert.deepEqual([await next.leave(one, "delete"), await lab.condition(next.name)], ["ok", "gone"]);
    assert.equal(await next.renew(two), "WORKLOAD_GONE");
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
  });

  it("an older report that comes late, at the other replica, undoes nothing", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, machine] = [await lab.service(), await lab.service(), await WireMachine.make(lab)];
    assert.equal(await machine.register(one), "ok");
    const late = machine.renewAsk("NotReady");
    assert.equal(await machine.renew(one), "ok");
    assert.equal(await machine.renew(two, late), "ok");
    assert.equal(machine.renewed?.healthSeqApplied, late.health.seq + 1, "what holds is the newer one");
    assert.equal(await lab.condition(machine.name), "True Ready");
  });

  it("a renewal lost three times, its calls cut off half way, then ready at the other: nothing expired", async () => {
    await using lab = await ServiceLab.open();
    const gate = new StoreGate(lab.store);
    const [one, two, machine] = [await lab.service({ store: gate.store }), await lab.service(), await WireMachine.make(lab)];
    assert.equal(await machine.register(one), "ok");
    const leader = await Leader.lead(two);
    gate.weather = { dieAfter: 0 };
    for (let lost = 0; lost < 3; lost += 1) {
      await leader.rounds(lab, 2);
      const [giveUp, arrived] = [new AbortController(), Promise.withResolvers<void>()];
      gate.onWait = arrived.resolve;
      const cut = machine.client(one).renew(machine.renewAsk(), giveUp.signal);
      await arrived.promise;
      giveUp.abort(new Error("cut"));
      await assert.rejects(cut, /^Error: cut$/u);
    }
    await leader.rounds(lab, 2);
    assert.deepEqual([await machine.renew(two), await lab.condition(machine.name), leader.lines], ["ok", "True Ready", []]);
  });

  it("calls of one machine that race at both: each is answered, none undoes the store, and the next report settles it", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, machine] = [await lab.service(), await lab.service(), await WireMachine.make(lab)];
    assert.equal(await machine.register(one), "ok");
    for (let race = 0; race < 20; race += 1) {
      const calls = [machine.renewAsk("NotReady"), machine.renewAsk("Ready"), machine.renewAsk("NotReady")].map((ask, index) => machine.renew(index === 1 ? two : one, ask));
      for (const told of await Promise.all([...calls, machine.register(two), machine.register(one)])) assert.equal(told, "ok");
      const ready = race % 2 === 0;
      assert.equal(await machine.renew(ready ? one : two, machine.renewAsk(ready ? "Ready" : "NotReady")), "ok");
      assert.equal(await lab.condition(machine.name), ready ? "True Ready" : "False NotReady");
    }
    const { workloads, leases } = await lab.store.list(signal);
    assert.deepEqual([workloads.length, leases.length, leases[0]?.value.healthSeq], [1, 1, machine.seq - 1]);
  });

  it("clones that call different replicas are found all the same", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, origin] = [await lab.service(), await lab.service(), await WireMachine.make(lab)];
    assert.deepEqual([await origin.register(one), await origin.renew(one)], ["ok", "ok"]);
    const clone = origin.restarted();
    assert.equal(await clone.register(two), "ok");
    lab.clock.jump(6000);
    assert.deepEqual([await origin.renew(one), await clone.renew(two)], ["DUPLICATE_INSTANCE", "DUPLICATE_INSTANCE"]);
  });

  it("each slows down who calls too often, and tells when to come again; who waits is served by either", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, machine] = [await lab.service({ rates: usualRates }), await lab.service({ rates: usualRates }), await WireMachine.make(lab)];
    const told: string[] = [];
    for (let call = 0; call < 4; call += 1) told.push(await machine.register(one), await machine.register(two));
    assert.deepEqual(told, ["ok", "ok", "ok", "ok", "ok", "ok", "QUOTA", "QUOTA"]);
    assert.equal(machine.retryAfter, 5000);
    assert.equal(await machine.renew(one), "ok", "a renewal is not held up by registrations");
    lab.clock.jump(5000);
    assert.deepEqual([await machine.register(two), await machine.register(one)], ["ok", "ok"]);
  });

  it("a group's edit reaches the machine through whichever it asks, and a Watch works at the one that has heard of it", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, machine] = [await lab.service(), await lab.service(), await WireMachine.make(lab)];
    assert.deepEqual([await machine.register(one), await machine.renew(two), machine.renewed?.configChanged], ["ok", "ok", false]);
    const { told, close } = await watchRaw(two, machine.identity, { workloadNamespace: "shop", workloadName: machine.name, leaseToken: machine.proof().token });
    close();
    assert.equal(told, "ok");
    lab.groupMap.set("shop/orders", openGroup({ labels: { app: "new" } }));
    assert.deepEqual([await machine.renew(two), machine.renewed?.configChanged], ["ok", true]);
    assert.deepEqual([await machine.register(one), await machine.renew(two), machine.renewed?.configChanged], ["ok", "ok", false]);
  });

  it("both believe that they lead, as after a partition: what is dead expires and goes once, who lives is left alone", async () => {
    await using lab = await ServiceLab.open();
    const [one, two] = [await lab.service(), await lab.service()];
    const [dead, ...alive] = await openFleet(lab, one, 3);
    const leaders = [one.rounds(), two.rounds()];
    for (const rounds of leaders) await rounds.next();
    const done: string[] = [];
    for (let second = 5; second <= 670; second += 5) {
      const next = leaders.map((rounds) => rounds.next());
      await lab.clock.asleep(5000);
      if (second % 10 === 0) for (const machine of alive) assert.equal(await machine.renew(second % 20 === 0 ? one : two), "ok");
      lab.clock.jump(5000);
      for (const { value } of await Promise.all(next)) done.push(...(value as Round).done.map(({ kind, key }) => `${kind} ${key.name}`));
    }
    assert.deepEqual([...new Set(done)], [`expire ${dead!.name}`, `delete ${dead!.name}`]);
    assert.equal(await lab.condition(dead!.name), "gone");
    for (const machine of alive) assert.equal(await lab.condition(machine.name), "True Ready");
  });

  it("one goes away in the middle of everything: the machine's next call is the other's, with the same token", async () => {
    await using lab = await ServiceLab.open();
    const [one, two, machine] = [await lab.service(), await lab.service(), await WireMachine.make(lab)];
    assert.deepEqual([await machine.register(one), await machine.renew(one)], ["ok", "ok"]);
    await one.stop();
    assert.deepEqual([await machine.renew(one), await machine.renew(two), await lab.condition(machine.name)], ["UNAVAILABLE", "ok", "True Ready"]);
  });
});
