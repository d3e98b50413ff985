import assert from "node:assert/strict";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { Leader } from "./leader.ts";
import { ServiceLab, type Service } from "./service-lab.ts";
import { openFleet, WireMachine } from "./wire-machine.ts";

/** Rounds for that many seconds, each machine renewing every ten; `each` comes before each round. */
async function live(lab: ServiceLab, { service, leader, alive, seconds, each = () => undefined }: { readonly service: Service; readonly leader: Leader; readonly alive: readonly WireMachine[]; readonly seconds: number; readonly each?: (second: number) => void }): Promise<void> {
  for (let second = 5; second <= seconds; second += 5) {
    each(second);
    if (second % 10 === 0) for (const machine of alive) assert.equal(await machine.renew(service), "ok", `second ${second}`);
    await leader.round(lab);
  }
}

function shift(clock: JumpingClock, minutes: number): void {
  clock.setWallClock(new Date(clock.now().getTime() + minutes * 60_000));
}

describe("clocks, over the wire", () => {
  for (const minutes of [5, -5]) {
    it(`the server's clock jumps by ${minutes} minutes between calls: whoever lives stays ready, whoever is dead expires once and in its time`, async () => {
      await using lab = await ServiceLab.open();
      const service = await lab.service();
      const [dead, ...alive] = await openFleet(lab, service, 4);
      const leader = await Leader.lead(service);
      await live(lab, { service, leader, alive, seconds: 20 });
      shift(lab.clock, minutes);
      assert.deepEqual(await Promise.all(alive.map((machine) => machine.renew(service))), ["ok", "ok", "ok"]);
      await live(lab, { service, leader, alive, seconds: 100 });
      assert.deepEqual(leader.lines, [`expire ${dead!.name}`]);
      for (const machine of alive) assert.equal(await lab.condition(machine.name), "True Ready");
    });
  }

  it("the server's clock goes back a little before every round: nobody who lives expires, the dead one does, and a drain does not last longer", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const [dead, leaving, ...alive] = await openFleet(lab, service, 5);
    const leader = await Leader.lead(service);
    await live(lab, { service, leader, alive: [leaving!, ...alive], seconds: 300, each: (second) => second > 100 ? undefined : shift(lab.clock, -0.5) });
    assert.deepEqual(leader.lines, [`expire ${dead!.name}`]);
    const left = await leaving!.client(service).deregister({ ...leaving!.proof(), mode: "drain" }, AbortSignal.timeout(5000));
    assert.deepEqual(left, { ok: true, answer: 10_000 });
    shift(lab.clock, -60);
    assert.deepEqual(await leaving!.client(service).deregister({ ...leaving!.proof(), mode: "drain" }, AbortSignal.timeout(5000)), { ok: true, answer: 10_000 });
    for (const machine of alive) assert.equal(await lab.condition(machine.name), "True Ready");
  });

  it("two replicas whose clocks are ten minutes apart serve one machine: neither takes it for dead", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const [machine] = await openFleet(lab, service, 1);
    const leader = await Leader.lead(service);
    for (let turn = 0; turn < 12; turn += 1) {
      // One store, one process, and the clock of whichever replica answers.
      shift(lab.clock, turn % 2 === 0 ? 10 : -10);
      assert.equal(await machine!.renew(service), "ok");
      await leader.rounds(lab, 2);
    }
    assert.deepEqual([leader.lines, await lab.condition(machine!.name)], [[], "True Ready"]);
  });

  for (const minutes of [5, -5]) {
    it(`the machine's clock is ${minutes} minutes off, and goes back while it lives: its health counts, by its numbers alone`, async () => {
      await using lab = await ServiceLab.open();
      const service = await lab.service();
      const clock = new JumpingClock(new Date(lab.clock.now().getTime() + minutes * 60_000));
      const machine = await WireMachine.make(lab, { client: { clock }, incarnation: { instanceId: crypto.randomUUID(), incarnationId: crypto.randomUUID(), startedAt: clock.now(), epoch: 1 } });
      const told = (state: "Ready" | "NotReady"): Promise<string> => machine.renew(service, { health: { ...machine.renewAsk(state).health, lastProbe: clock.now(), lastTransition: clock.now(), svidExpires: clock.now() } });
      assert.deepEqual([await machine.register(service), await told("Ready"), await lab.condition(machine.name)], ["ok", "ok", "True Ready"]);
      shift(clock, -30);
      assert.deepEqual([await told("NotReady"), await lab.condition(machine.name)], ["ok", "False NotReady"]);
      shift(clock, 60);
      assert.deepEqual([await told("Ready"), await lab.condition(machine.name)], ["ok", "True Ready"]);
    });
  }

  it("a machine whose clock is past its own certificate's end says so itself, and calls again when that is set right", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const clock = new JumpingClock();
    const machine = await WireMachine.make(lab, { client: { clock }, identity: await lab.identity("spiffe://root.linkerd.cluster.local/vm/orders", { expiresAt: new Date(Date.now() + 200_000) }) });
    shift(clock, 5);
    assert.equal(await machine.register(service), "NO_IDENTITY");
    shift(clock, -5);
    assert.equal(await machine.register(service), "ok");
  });

  it("condition times are the server's own", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const [machine] = await openFleet(lab, service, 1);
    const since = async (): Promise<string> => (JSON.parse(await lab.stored(machine!.name)) as [{ value: { condition: { since: string } } }])[0].value.condition.since;
    const before = await since();
    assert.equal(before, lab.clock.now().toISOString());
    shift(lab.clock, 5);
    assert.equal(await machine!.renew(service, machine!.renewAsk("NotReady")), "ok");
    assert.equal(await since(), lab.clock.now().toISOString());
  });
});
