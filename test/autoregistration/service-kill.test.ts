import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore } from "../../src/autoregistration/sqlite-store.ts";
import { ServiceLab, type Service } from "./service-lab.ts";
import { StoreGate } from "./store-gate.ts";
import { WireMachine } from "./wire-machine.ts";

const { signal } = new AbortController();

interface Scene {
  readonly lab: ServiceLab;
  readonly machine: WireMachine;
}

/** Something during which the server is killed; `writes` is how many it makes when nobody kills it. */
interface Act {
  readonly title: string;
  readonly writes: number;
  /** What a healthy server has done before. */
  readonly before: (scene: Scene, service: Service) => Promise<void>;
  readonly act: (scene: Scene, service: Service) => Promise<unknown>;
  /** What the machine's harness does next, at the server that comes after. */
  readonly after: (scene: Scene, service: Service) => Promise<void>;
  readonly ends: string;
}

async function enter({ machine }: Scene, service: Service): Promise<void> {
  assert.equal(await machine.register(service), "ok");
  assert.equal(await machine.renew(service), "ok");
}

/** As a harness goes on: it renews what it has, and registers where the service says that it must. */
async function goOn({ machine }: Scene, service: Service): Promise<void> {
  const told = machine.joined === undefined ? "WORKLOAD_GONE" : await machine.renew(service);
  if (told !== "ok") {
    assert.match(told, /^(?:WORKLOAD_GONE|LEASE_INVALID)$/u);
    assert.equal(await machine.register(service), "ok");
    assert.equal(await machine.renew(service), "ok");
  }
}

const roundsUntilChange = (scene: Scene, service: Service): Promise<void> => roundsUntil("expire", scene, service);

/** Rounds until one does that; each five seconds after the one before. */
async function roundsUntil(wanted: string, { lab }: Scene, service: Service): Promise<void> {
  for await (const { done } of service.rounds()) {
    if (done.some(({ kind }) => kind === wanted)) return;
    void lab.clock.asleep(5000).then(() => lab.clock.jump(5000));
  }
}

const acts: readonly Act[] = [
  { title: "a first registration", writes: 3, before: async () => undefined, act: ({ machine }, service) => machine.register(service), after: goOn, ends: "True Ready" },
  {
    title: "a registration after a restart, at another address", writes: 3, before: enter,
    act: ({ machine }, service) => {
      machine.incarnation = { ...machine.incarnation, incarnationId: crypto.randomUUID(), epoch: machine.incarnation.epoch + 1 };
      machine.addresses = ["10.77.0.2"];
      return machine.register(service);
    },
    after: async ({ machine }, service) => {
      // Whichever way the answer was lost, a harness that registers does so until it is answered.
      assert.equal(await machine.register(service), "ok");
      assert.equal(await machine.renew(service), "ok");
      assert.equal(machine.joined?.workload.name, machine.name);
    },
    ends: "True Ready",
  },
  { title: "a renewal that makes ready", writes: 2, before: async ({ machine }, service) => assert.equal(await machine.register(service), "ok"), act: ({ machine }, service) => machine.renew(service), after: goOn, ends: "True Ready" },
  {
    title: "a renewal from another address that makes not ready", writes: 3, before: enter,
    act: ({ machine }, service) => {
      machine.addresses = ["10.77.0.3"];
      return machine.renew(service, machine.renewAsk("NotReady"));
    },
    after: async ({ machine }, service) => assert.equal(await machine.renew(service, machine.renewAsk("NotReady")), "ok"),
    ends: "False NotReady",
  },
  {
    title: "a leave", writes: 2, before: enter, act: ({ machine }, service) => machine.leave(service, "drain"),
    after: async ({ machine }, service) => assert.equal(await machine.leave(service, "drain"), "ok"), ends: "False Draining",
  },
  {
    title: "a farewell after the drain", writes: 2,
    before: async (scene, service) => {
      await enter(scene, service);
      assert.equal(await scene.machine.leave(service, "drain"), "ok");
      scene.lab.clock.jump(10_000);
    },
    act: ({ machine }, service) => machine.leave(service, "delete"),
    after: async ({ lab, machine }, service) => {
      assert.equal(await machine.leave(service, "delete"), "ok");
      // Killed between the two: the workload is an orphan, not ready, which the rounds of whoever leads take away.
      if ((await lab.condition(machine.name)) === "gone") return;
      assert.equal(await lab.condition(machine.name), "False Draining");
      assert.equal(await machine.leave(service, "delete"), "ok");
    },
    ends: "gone or False",
  },
  { title: "a round that expires", writes: 2, before: enter, act: roundsUntilChange, after: goOn, ends: "True Ready" },
  { title: "a round that deletes", writes: 2, before: async (scene, service) => enter(scene, service).then(() => roundsUntilChange(scene, service)), act: (scene, service) => roundsUntil("delete", scene, service), after: goOn, ends: "True Ready" },
  {
    title: "a registration that takes the address of its own dead instance", writes: 5,
    before: async (scene, service) => {
      await enter(scene, service);
      scene.lab.clock.jump(60_000);
      const { machine } = scene;
      [machine.joined, machine.incarnation] = [undefined, { ...machine.incarnation, instanceId: crypto.randomUUID() }];
    },
    act: ({ machine }, service) => machine.register(service), after: goOn, ends: "True Ready",
  },
  { title: "a round that expires, and its machine never comes back", writes: 2, before: enter, act: roundsUntilChange, after: roundsUntilDark, ends: "False LeaseExpired" },
];

/** Rounds of the next leader until the silent machine's workload is not ready. */
async function roundsUntilDark({ lab, machine }: Scene, service: Service): Promise<void> {
  let rounds = 0;
  for await (const _round of service.rounds()) {
    if ((await lab.condition(machine.name)).startsWith("False")) return;
    assert.ok((rounds += 1) < 20, "within a lease and a half of the new leader");
    void lab.clock.asleep(5000).then(() => lab.clock.jump(5000));
  }
}

describe("the server is killed", () => {
  const folder = mkdtempSync(join(tmpdir(), "mesh-kill-"));
  after(() => rmSync(folder, { recursive: true }));

  for (const [index, { title, writes, before, act, after: next, ends }] of acts.entries()) {
    it(`after any write of ${title}: whole, and the machine goes on at the server that comes after`, async () => {
      let done = 0;
      for (let dieAfter = 0; dieAfter <= writes; dieAfter += 1) {
        const path = join(folder, `${index}-${dieAfter}.db`);
        await using lab = await ServiceLab.open((now) => new SqliteStore(path, now));
        const gate = new StoreGate(lab.store);
        const scene: Scene = { lab, machine: await WireMachine.make(lab) };
        const first = await lab.service({ store: gate.store });
        await before(scene, first);
        const dead = Promise.withResolvers<void>();
        gate.onWait = dead.resolve;
        [gate.count, gate.weather] = [0, { dieAfter }];
        const acting = act(scene, first).catch((error: unknown) => error);
        const ended = await Promise.race([dead.promise.then(() => "killed"), acting.then(() => "done")]);
        assert.equal(ended, dieAfter < writes ? "killed" : "done", `${writes} writes, ${dieAfter} let through`);
        done += gate.count;
        await first.stop();
        await acting;
        await lab.reopen((now) => new SqliteStore(path, now));
        await assertWhole(lab);
        const second = await lab.service({ server: { listen: first.server.address } });
        await next(scene, second);
        await assertWhole(lab);
        const condition = await lab.condition(scene.machine.name);
        assert.ok(ends === "gone or False" ? /^(?:gone|False)/u.test(condition) : condition === ends, `killed after ${dieAfter}: ${condition}`);
      }
      assert.equal(done, (writes * (writes + 1)) / 2);
    }).timeout(20_000);
  }
});

/** No lease without its workload, and no more than one that is ready. */
async function assertWhole({ store }: ServiceLab): Promise<void> {
  const { workloads, leases } = await store.list(signal);
  const names = workloads.map(({ value }) => value.object.key.name);
  assert.ok(workloads.filter(({ value }) => value.condition?.ready === true).length <= 1);
  assert.deepEqual(leases.map(({ value }) => value.key.name).filter((name) => !names.includes(name)), []);
}
