import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore } from "../../src/autoregistration/sqlite-store.ts";
import { Leader } from "./leader.ts";
import { openGroup, ServiceLab } from "./service-lab.ts";
import { StoreGate } from "./store-gate.ts";
import { openFleet, WireMachine } from "./wire-machine.ts";

const { signal } = new AbortController();

describe("the store is away", () => {
  it("for five minutes and a little more or less: calls are told UNAVAILABLE, nobody who comes back within its pauses has expired, and who is dead expires in its time", async () => {
    for (let outage = 300; outage <= 360; outage += 5) {
      await using lab = await ServiceLab.open();
      const gate = new StoreGate(lab.store);
      const service = await lab.service({ store: gate.store });
      // Few enough that the breaker against mass expiry does not look.
      const [dead, ...machines] = await openFleet(lab, service, 3);
      const leader = await Leader.lead(service);
      gate.weather = "away";
      for (let second = 5; second <= outage; second += 5) {
        await leader.round(lab);
        const told = second % 10 === 0 ? await Promise.all(machines.map((machine) => machine.renew(service))) : [];
        if (second > 20) assert.ok(told.every((one) => one === "UNAVAILABLE"));
      }
      gate.weather = "fine";
      // A harness's longest pause is half a minute.
      await leader.rounds(lab, 6);
      assert.deepEqual(await Promise.all(machines.map((machine) => machine.renew(service))), ["ok", "ok"]);
      assert.deepEqual(leader.lines, [], `${outage} s`);
      await leader.rounds(lab, 7);
      assert.deepEqual(leader.lines, [`expire ${dead!.name}`]);
      for (const machine of machines) assert.equal(await lab.condition(machine.name), "True Ready");
    }
  }).timeout(20_000);

  it("and a call that hangs in it is given up by both sides, and holds up nobody's later call", async () => {
    await using lab = await ServiceLab.open();
    const gate = new StoreGate(lab.store);
    const service = await lab.service({ store: gate.store, server: { callLimit: 100 } });
    const machine = await WireMachine.make(lab);
    gate.weather = { dieAfter: 0 };
    assert.deepEqual(await Promise.all([machine.register(service), machine.register(service)]), ["UNAVAILABLE", "UNAVAILABLE"]);
    gate.weather = "fine";
    assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
  });
});

describe("the disk is full", () => {
  const folder = mkdtempSync(join(tmpdir(), "mesh-full-"));
  after(() => rmSync(folder, { recursive: true }));

  it("renewals that need no write are served, all else is told UNAVAILABLE and leaves nothing ready; with space again all goes on", async () => {
    await using lab = await ServiceLab.open();
    const gate = new StoreGate(lab.store);
    const service = await lab.service({ store: gate.store });
    const [machine, late] = [await WireMachine.make(lab), await WireMachine.make(lab)];
    assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
    gate.weather = "full";
    const before = await lab.stored(machine.name);
    for (let second = 10; second <= 20; second += 10) {
      lab.clock.jump(10_000);
      assert.equal(await machine.renew(service), "ok");
    }
    assert.equal(await late.register(service), "UNAVAILABLE");
    assert.equal(await machine.renew(service, machine.renewAsk("NotReady")), "UNAVAILABLE");
    assert.equal(await machine.leave(service, "drain"), "UNAVAILABLE");
    assert.equal(await lab.stored(machine.name), before);
    assert.equal((await lab.store.list(signal)).workloads.length, 1);
    gate.weather = "fine";
    assert.deepEqual([await late.register(service), await late.renew(service), await machine.renew(service)], ["ok", "ok", "ok"]);
  });

  it("a file that may not grow refuses newcomers, keeps serving those it has, and takes newcomers once it may grow", async () => {
    const path = join(folder, "store.db");
    await using lab = await ServiceLab.open((now) => new SqliteStore(path, now, 200_000));
    lab.groupMap.set("shop/orders", openGroup({ annotations: { note: "x".repeat(8000) } }));
    const service = await lab.service();
    const machines: WireMachine[] = [];
    let told = "ok";
    while (told === "ok" && machines.length < 100) {
      const machine = await WireMachine.make(lab);
      told = await machine.register(service);
      if (told === "ok") told = await machine.renew(service);
      if (told === "ok") machines.push(machine);
    }
    assert.equal(told, "UNAVAILABLE");
    assert.ok(machines.length > 5);
    const late = await WireMachine.make(lab);
    assert.equal(await late.register(service), "UNAVAILABLE");
    for (const machine of machines) assert.equal(await machine.renew(service), "ok", "what it has, it serves");
    const { workloads } = await lab.store.list(signal);
    assert.equal(workloads.filter(({ value }) => value.condition?.ready === true).length, machines.length, "nobody is ready who was told UNAVAILABLE");
    await service.stop();
    await lab.reopen((now) => new SqliteStore(path, now));
    const wider = await lab.service({ server: { listen: service.server.address } });
    for (const machine of machines) assert.equal(await machine.renew(wider), "ok");
    assert.deepEqual([await late.register(wider), await late.renew(wider)], ["ok", "ok"]);
  }).timeout(10_000);
});
