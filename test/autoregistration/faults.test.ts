import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore } from "../../src/autoregistration/sqlite-store.ts";
import type { Round } from "../../src/autoregistration/rounds.ts";
import { health, incarnation, now } from "./samples.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Lab, Machine, type Replica } from "./lab.ts";

/** Machines with addresses and instances of their own. */
function fleet(count: number): readonly Machine[] {
  return Array.from({ length: count }, (_, index) => new Machine({ addresses: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`.replace("10.0.0.0", "10.9.9.9")], incarnation: incarnation({ instanceId: `i${index}` }) }));
}

/** Lets that many seconds pass, a round every five, each machine of `alive` renewing every ten. */
async function pass(lab: Lab, { rounds, server, alive, seconds }: { readonly rounds: AsyncGenerator<Round>; readonly server: Replica; readonly alive: readonly Machine[]; readonly seconds: number }): Promise<string[]> {
  const lines: string[] = [];
  for (let second = 5; second <= seconds; second += 5) {
    const next = rounds.next();
    await lab.clock.asleep(5000);
    if (second % 10 === 0) for (const machine of alive) assert.equal(await machine.renew(server), "ok");
    lab.clock.jump(5000);
    const { value } = await next;
    const round = value as Round;
    lines.push(...round.done.map(({ kind, key }) => `${kind} ${key.name}`), ...round.tripped.map(({ scope }) => `tripped ${scope}`));
  }
  return lines;
}

describe("faults", () => {
  it("a renewal lost three times, then ready: never expired", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    await machine.register(server);
    const rounds = server.rounds();
    await rounds.next();
    for (let index = 0; index < 5; index += 1) {
      assert.deepEqual(await pass(lab, { rounds, server, alive: [], seconds: 35 }), []);
      assert.equal(await machine.renew(server), "ok");
      assert.equal(await lab.condition(machine.name), "True Ready");
    }
    server.stop();
  });

  for (const minutes of [5, -5]) {
    it(`the server's clock jumps by ${minutes} minutes: the living stay, the dead go in their time`, async () => {
      const lab = new Lab();
      const server = lab.replica();
      const [alive, dead] = [fleet(4), new Machine({ addresses: ["10.8.8.8"], incarnation: incarnation({ instanceId: "dead" }) })];
      for (const machine of [...alive, dead]) await machine.register(server);
      const rounds = server.rounds();
      await rounds.next();
      assert.deepEqual(await pass(lab, { rounds, server, alive, seconds: 20 }), []);
      lab.clock.setWallClock(new Date(lab.clock.now().getTime() + minutes * 60_000));
      const lines = await pass(lab, { rounds, server, alive, seconds: 100 });
      assert.deepEqual(lines, [`expire ${dead.name}`]);
      for (const machine of alive) assert.equal(await lab.condition(machine.name), "True Ready");
      server.stop();
    });
  }

  it("all machines gone and back, as in an outage of ours: nobody expires, all go on", async () => {
    const lab = new Lab();
    const server = lab.replica();
    const machines = fleet(50);
    for (const machine of machines) await machine.register(server);
    const rounds = server.rounds();
    await rounds.next();
    assert.deepEqual(await pass(lab, { rounds, server, alive: machines, seconds: 30 }), []);
    assert.deepEqual(await pass(lab, { rounds, server, alive: [], seconds: 240 }), ["tripped everything"]);
    assert.deepEqual(await pass(lab, { rounds, server, alive: machines, seconds: 120 }), []);
    for (const machine of machines) assert.equal(await lab.condition(machine.name), "True Ready");
    server.stop();
  });

  it("a thousand machines come back at once to a new process on the same file: all are known, none is written twice", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mesh-storm-"));
    const lab = new Lab(new SqliteStore(join(folder, "store.db"), () => now));
    const machines = fleet(1000);
    const before = lab.replica();
    await Promise.all(machines.map(async (machine) => assert.equal(await machine.register(before), "ok")));
    const names = machines.map(({ name }) => name);
    const after = lab.replica();
    await after.follow();
    const told = await Promise.all(machines.map((machine) => machine.renew(after)));
    assert.deepEqual(new Set(told), new Set(["ok"]));
    const again = await Promise.all(machines.map((machine) => machine.register(after)));
    assert.deepEqual([new Set(again), machines.map(({ name }) => name)], [new Set(["ok"]), names]);
    after.stop();
    await lab.store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }).timeout(30_000);

  it("two replicas hear of one machine at once, one of them late: the newest report holds", async () => {
    const lab = new Lab();
    const [one, two, machine] = [lab.replica(), lab.replica(), new Machine()];
    await Promise.all([one.follow(), two.follow()]);
    await machine.register(one);
    await machine.renew(one, { health: health({ state: "Ready", seq: 10 }) });
    assert.equal(await machine.renew(two, { health: health({ seq: 9, reason: "Late" }) }), "ok");
    assert.equal(await lab.condition(machine.name), "True Ready");
    await Promise.all([machine.renew(one, { health: health({ seq: 11, reason: "Newer" }) }), machine.renew(two, { health: health({ state: "Ready", seq: 12 }) })]);
    // At the very same moment either may be written last; the next report, whole as each, settles it.
    machine.seq = 12;
    const settle = async (): Promise<string> => `${await machine.renew(two)} ${await lab.condition(machine.name)}`;
    assert.equal(await waitUntil(settle, (seen) => seen === "ok True Ready"), "ok True Ready");
    one.stop();
    two.stop();
  });

  it("killed and started again within a second: the new process is served, the old one is told", async () => {
    const lab = new Lab();
    const [server, old] = [lab.replica(), new Machine()];
    await old.register(server);
    await old.renew(server);
    lab.clock.jump(800);
    const next = old.restarted("life-4");
    assert.equal(await next.register(server), "ok");
    assert.equal(await lab.condition(old.name), "False Registered");
    assert.deepEqual([await old.renew(server), await old.register(server), await old.leave(server, "delete")], ["SUPERSEDED", "SUPERSEDED", "SUPERSEDED"]);
    assert.equal(await next.renew(server), "ok");
    assert.equal(await lab.condition(old.name), "True Ready");
  });

  it("the machine moves to another network: one workload, another address, both families", async () => {
    const lab = new Lab();
    const [server, machine] = [lab.replica(), new Machine()];
    await machine.register(server);
    await machine.renew(server);
    assert.equal(await machine.renew(server, { addresses: ["10.0.9.9", "fd00::9"] }), "ok");
    const { workloads } = await lab.store.list(new AbortController().signal);
    assert.deepEqual(workloads.map(({ value }) => value.object.addresses), [["10.0.9.9", "fd00::9"]]);
    assert.equal(await machine.renew(server, { addresses: ["fe80::1"] }), "ADDRESS_INVALID");
    assert.equal(await lab.condition(machine.name), "False NotAdmitted");
  });
});
