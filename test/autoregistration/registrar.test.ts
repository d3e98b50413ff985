import assert from "node:assert/strict";
import { renderChange } from "../../src/autoregistration/reconcile.ts";
import { group, health, incarnation } from "./samples.ts";
import { breakingStore, Lab, Machine, usualRates } from "./lab.ts";

const { signal } = new AbortController();

describe("Registrar", () => {
  it("registers a machine, hears that it is ready, and lets it go", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    assert.equal(await machine.register(server), "ok");
    assert.match(machine.name, /^orders-[0-9a-f]{8}$/u);
    assert.equal(await lab.condition(machine.name), "False Registered");
    assert.equal(await machine.renew(server), "ok");
    assert.equal(await lab.condition(machine.name), "True Ready");
    assert.equal(await machine.leave(server, "drain"), "ok");
    assert.equal(await lab.condition(machine.name), "False Draining");
    lab.clock.jump(10_000);
    assert.equal(await machine.leave(server, "delete"), "ok");
    assert.equal(await lab.condition(machine.name), "gone");
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
  });

  it("answers from either of two replicas that do not even watch each other", async () => {
    const lab = new Lab();
    const [one, two, machine] = [lab.replica(), lab.replica(), new Machine()];
    assert.equal(await machine.register(one), "ok");
    for (const server of [two, one, two, one, two]) assert.equal(await machine.renew(server), "ok");
    const again = machine.restarted("life-4");
    assert.equal(await again.register(two), "ok");
    assert.equal(again.name, machine.name);
    assert.equal(await again.renew(one), "ok");
    assert.equal(await lab.condition(machine.name), "True Ready");
  });

  it("judges anew by what is stored when its memory turns out to be old: what it answered is there", async () => {
    const lab = new Lab();
    const [one, two, machine] = [lab.replica(), lab.replica(), new Machine()];
    await machine.register(one);
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal(await machine.renew(two), "ok");
      assert.equal(await machine.renew(one, { health: health({ seq: (machine.seq += 1), reason: "ProbeFailed" }) }), "ok");
      assert.equal(await lab.condition(machine.name), "False ProbeFailed");
    }
    assert.equal(await machine.renew(two), "ok");
    assert.equal(await machine.leave(one, "drain"), "ok");
    assert.equal(await lab.condition(machine.name), "False Draining");
  });

  it("writes nothing for renewals that change nothing, but for one lease in half of its time", async () => {
    const lab = new Lab();
    const counting = breakingStore(lab.store, Infinity);
    const [server, machine] = [lab.replica(undefined, counting.store), new Machine()];
    await machine.register(server);
    await machine.renew(server);
    const before = counting.count();
    for (let second = 10; second <= 120; second += 10) {
      lab.clock.jump(10_000);
      assert.equal(await machine.renew(server), "ok");
    }
    assert.equal(counting.count() - before, 4);
  });

  it("is whole whichever write was the last before it was killed", async () => {
    for (let writes = 0; writes <= 5; writes += 1) {
      const lab = new Lab();
      const broken = breakingStore(lab.store, writes);
      const machine = new Machine();
      const killed = lab.replica(undefined, broken.store);
      const told = [await machine.register(killed), await machine.renew(killed)];
      if (writes < 3) assert.equal(told[0], "UNAVAILABLE");
      const server = lab.replica();
      assert.equal(await machine.register(server), "ok", `after ${writes} writes`);
      assert.equal(await machine.renew(server), "ok");
      assert.equal(await lab.condition(machine.name), "True Ready");
      const { workloads, leases } = await lab.store.list(signal);
      assert.deepEqual([workloads.length, leases.length], [1, 1]);
    }
  });

  it("says that the store is away, and goes on when it is back", async () => {
    const lab = new Lab();
    const broken = breakingStore(lab.store, 0);
    const [server, machine] = [lab.replica(undefined, broken.store), new Machine()];
    assert.equal(await machine.register(server), "UNAVAILABLE");
    broken.repair();
    assert.equal(await machine.register(server), "ok");
  });

  it("gives a foreign identity nothing, whatever it presents", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    await machine.register(server);
    const thief = new Machine({ identity: "spiffe://td/vm/thief", addresses: ["10.0.0.66"] });
    thief.answer = machine.answer;
    assert.deepEqual([await thief.renew(server), await thief.leave(server, "delete")], ["LEASE_INVALID", "LEASE_INVALID"]);
    assert.equal(await new Machine({ identity: "spiffe://other/vm/x" }).register(server), "IDENTITY_NOT_ALLOWED");
    assert.equal(await new Machine({ identity: "spiffe://td/vm/thief" }).register(server), "ADDRESS_IN_USE");
    // With an address of its own it is a machine of its own, under another name, though it claims the same instance.
    assert.equal(await thief.register(server), "ok");
    assert.notEqual(thief.name, machine.name);
    assert.equal(await machine.renew(server), "ok");
  });

  it("gives an address to one of two machines that ask at once", async () => {
    const lab = new Lab();
    const server = lab.replica();
    const both = await Promise.all([new Machine().register(server), new Machine({ incarnation: incarnation({ instanceId: "other" }) }).register(server)]);
    assert.deepEqual(both.sort(), ["ADDRESS_IN_USE", "ok"]);
  });

  it("gives a reinstalled machine its address once the old instance is dead, and takes that away", async () => {
    const lab = new Lab();
    const [server, old] = [lab.replica(), new Machine()];
    await old.register(server);
    const fresh = new Machine({ incarnation: incarnation({ instanceId: "reinstalled" }) });
    assert.equal(await fresh.register(server), "ADDRESS_IN_USE");
    lab.clock.jump(60_000);
    assert.equal(await fresh.register(server), "ok");
    assert.equal(await lab.condition(old.name), "gone");
  });

  it("tells a clone and its origin, and lets the origin go on when the clone is quiet", async () => {
    const lab = new Lab();
    const [server, origin] = [lab.replica(), new Machine()];
    await origin.register(server);
    const clone = origin.restarted("clone", { addresses: ["10.0.0.6"] });
    assert.equal(await clone.register(server), "ok");
    assert.equal(await origin.renew(server), "SUPERSEDED");
    lab.clock.jump(6000);
    assert.equal(await origin.renew(server), "DUPLICATE_INSTANCE");
    assert.equal(await clone.renew(server), "DUPLICATE_INSTANCE");
    assert.equal(await lab.condition(origin.name), "False DuplicateInstance");
    // The origin is stopped; the clone is heard alone.
    for (let minute = 0; minute < 3; minute += 1) {
      lab.clock.jump(50_000);
      assert.equal(await clone.renew(server), "DUPLICATE_INSTANCE");
    }
    lab.clock.jump(50_000);
    assert.equal(await clone.renew(server), "ok");
    assert.equal(await lab.condition(origin.name), "True Ready");
  });

  it("finds a workload that somebody deleted, and a group that somebody made anew", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    lab.groups = new Map();
    assert.equal(await machine.register(server), "GROUP_NOT_FOUND");
    lab.groups = new Map([["shop/orders", group()]]);
    assert.equal(await machine.register(server), "ok");
    await server.follow();
    const stored = await lab.store.readWorkload({ namespace: "shop", name: machine.name }, signal);
    await lab.store.deleteWorkload({ namespace: "shop", name: machine.name }, stored?.version ?? "", signal);
    await Promise.resolve();
    assert.equal(await machine.renew(lab.replica()), "WORKLOAD_GONE");
    assert.equal(await machine.register(lab.replica()), "ok");
    lab.groups = new Map();
    assert.equal(await machine.renew(lab.replica()), "GROUP_NOT_FOUND");
    server.stop();
  });

  it("tells a machine that its group changed", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    await machine.register(server);
    assert.equal((await machine.renewed(server))?.configChanged, false);
    lab.groups = new Map([["shop/orders", group({ labels: { app: "new" } })]]);
    assert.equal((await machine.renewed(server))?.configChanged, true);
    assert.equal(await machine.register(server), "ok");
    assert.deepEqual(machine.answer?.object.labels, { app: "new" });
    assert.equal((await machine.renewed(server))?.configChanged, false);
  });

  it("knows the holder of a lease by its token alone", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    await machine.register(server);
    const [key, token] = [{ namespace: "shop", name: machine.name }, machine.answer?.token ?? ""];
    const holds = (change: object): boolean => server.registrar.isHolder({ identity: machine.call.identity, key, token, ...change });
    assert.deepEqual([holds({}), holds({ identity: "spiffe://td/vm/thief" }), holds({ token: "" }), holds({ key: { namespace: "shop", name: "none" } })], [true, false, false, false]);
    await machine.restarted("life-4").register(server);
    assert.equal(holds({}), false);
  });

  it("counts a group's machines", async () => {
    const lab = new Lab();
    const server = lab.replica();
    lab.groups = new Map([["shop/orders", group({ admission: { ...group().admission, maxWorkloads: 2 } })]]);
    const told: string[] = [];
    for (const index of [1, 2, 3]) told.push(await new Machine({ addresses: [`10.0.0.${index}`], incarnation: incarnation({ instanceId: String(index) }) }).register(server));
    assert.deepEqual(told, ["ok", "ok", "GROUP_FULL"]);
    lab.clock.jump(60_000);
    assert.equal(await new Machine({ addresses: ["10.0.0.4"], incarnation: incarnation({ instanceId: "4" }) }).register(server), "ok");
  });

  it("slows down who calls too often, and nobody else", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(usualRates), new Machine()];
    const told = [await machine.register(server), await machine.register(server), await machine.register(server)];
    assert.deepEqual([...told, await machine.register(server)], ["ok", "ok", "ok", "QUOTA"]);
    assert.equal(await new Machine({ addresses: ["10.0.0.6"], incarnation: incarnation({ instanceId: "other" }) }).register(server), "ok");
    assert.equal(await machine.renew(server), "ok");
    lab.clock.jump(5000);
    assert.equal(await machine.register(server), "ok");
  });
});

describe("watchRounds", () => {
  it("expires a machine that is gone by force, deletes it in time, and finds it again", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    await machine.register(server);
    await machine.renew(server);
    const rounds = server.rounds();
    const lines: string[] = [];
    for (let second = 0; second <= 665; second += 5) {
      const next = rounds.next();
      if (second > 0) await lab.clock.asleep(5000).then(() => lab.clock.jump(5000));
      const { value } = await next;
      if (value) lines.push(...value.done.map((change) => `${second} ${renderChange(change)}`));
      if (second === 100) assert.equal(await lab.condition(machine.name), "False LeaseExpired");
    }
    assert.deepEqual(lines.map((line) => line.replace(machine.name, "it")), ["60 expire shop/it: no renewal for 60 s", "660 delete shop/it: expired 600 s ago"]);
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
    assert.equal(await machine.renew(server), "WORKLOAD_GONE");
    assert.equal(await machine.register(server), "ok");
    server.stop();
  });
});
