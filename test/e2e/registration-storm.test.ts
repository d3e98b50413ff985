import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { usualRates } from "../autoregistration/lab.ts";
import { Leader } from "../autoregistration/leader.ts";
import { ServiceLab, type Service } from "../autoregistration/service-lab.ts";
import { StoreGate } from "../autoregistration/store-gate.ts";
import { WireMachine } from "../autoregistration/wire-machine.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";

const count = 1000;
// So scarce that the crowd meets the limit of its SPIFFE id.
const rates = { ...usualRates, identity: { perSecond: 400, burst: 1000 } };
const { signal } = new AbortController();

/** What a crowd's return cost: calls of all, the most of one, and the seconds on the service's clock and on ours. */
interface Storm {
  readonly calls: number;
  readonly most: number;
  readonly seconds: number;
  readonly real: number;
}

/** A thousand machines under one SPIFFE id, each with a connection of its own, as harnesses have. */
async function makeFleet(lab: ServiceLab): Promise<readonly WireMachine[]> {
  const identity = await lab.identity("spiffe://root.linkerd.cluster.local/vm/orders");
  // All of them and the server share this machine, so that none is given up for want of a processor.
  return Promise.all(Array.from({ length: count }, () => WireMachine.make(lab, { identity, client: { callLimit: 60_000 } })));
}

/** All call at once, and then as a harness does: registers where it is told to, and waits as long as it is told to, until it is ready. */
async function comeBack(lab: ServiceLab, machines: readonly WireMachine[], service: Service): Promise<Storm> {
  const [start, realStart] = [lab.clock.monotonic(), performance.now()];
  const due = new Map(machines.map((machine) => [machine, start]));
  const calls = new Map(machines.map((machine) => [machine, 0]));
  while (due.size > 0) {
    const now = Math.max(lab.clock.monotonic(), Math.min(...due.values()));
    lab.clock.jump(now - lab.clock.monotonic());
    const turn = [...due].filter(([, at]) => at <= now).map(([machine]) => machine);
    for (const machine of turn) calls.set(machine, (calls.get(machine) ?? 0) + 1);
    await Promise.all(turn.map(async (machine) => {
      const told = machine.joined === undefined ? await machine.register(service) : await machine.renew(service);
      if (told === "ok" && machine.renewed !== undefined) due.delete(machine);
      else if (told === "WORKLOAD_GONE") [machine.joined, machine.renewed] = [undefined, undefined];
      else if (told !== "ok") due.set(machine, now + (machine.retryAfter ?? Infinity));
    }));
  }
  const each = [...calls.values()];
  return { calls: each.reduce((sum, one) => sum + one, 0), most: Math.max(...each), seconds: (lab.clock.monotonic() - start) / 1000, real: (performance.now() - realStart) / 1000 };
}

/** What the process holds after everything has been thrown away that can be, MB. */
function heldMemory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

async function assertAllReady(lab: ServiceLab): Promise<void> {
  const { workloads, leases } = await lab.store.list(signal);
  assert.deepEqual([workloads.length, leases.length, workloads.filter(({ value }) => value.condition?.ready === true).length], [count, count, count]);
}

describe("a thousand machines at once, over connections of their own", () => {
  it("join; lose the store for five minutes and renew all at once; find a server with nothing and join again: each is served at its turn, none expires", async () => {
    await using lab = await ServiceLab.open();
    const gate = new StoreGate(lab.store);
    const service = await lab.service({ store: gate.store, rates });
    const machines = await makeFleet(lab);
    const joining = await comeBack(lab, machines, service);
    assert.equal(service.server.counts().connections, count);
    await assertAllReady(lab);
    const leader = await Leader.lead(service);
    const before = heldMemory();

    gate.weather = "away";
    for (let round = 1; round <= 60; round += 1) {
      await leader.round(lab);
      if (round % 30 === 0) for (const machine of machines) assert.equal(await machine.renew(service), "UNAVAILABLE");
    }
    gate.weather = "fine";
    for (const machine of machines) machine.renewed = undefined;
    const renewing = await comeBack(lab, machines, service);
    await leader.rounds(lab, 4);
    assert.ok(leader.lines.every((line) => line.startsWith("tripped")), "the breaker may look at an outage, and nobody expires");
    await assertAllReady(lab);
    const grown = heldMemory() - before;

    await service.stop();
    await lab.reopen((now) => new MemoryStore(now));
    const empty = await lab.service({ rates, server: { listen: service.server.address } });
    for (const machine of machines) machine.renewed = undefined;
    const rejoining = await comeBack(lab, machines, service);
    await assertAllReady(lab);
    assert.equal(empty.server.counts().connections, count);

    for (const [title, storm] of Object.entries({ joining, renewing, rejoining })) console.log(`      ${title}: ${storm.calls} calls, at most ${storm.most} of one machine, ${storm.seconds.toFixed(1)} s of waiting as told, ${storm.real.toFixed(1)} s of this computer`);
    console.log(`      heap after the outage: ${grown.toFixed(1)} MB more`);
    assert.ok(joining.most <= 3 && renewing.most <= 2 && rejoining.most <= 5, "nobody calls in vain again and again");
    assert.ok(Math.max(joining.seconds, renewing.seconds, rejoining.seconds) < 10);
    assert.ok(grown < 20);
  }).timeout(240_000);
});
