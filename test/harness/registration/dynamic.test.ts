import assert from "node:assert/strict";
import { agreed, away, identity, lease, refusal, refused, registered, renewed, ready, starting } from "./answers.ts";
import { earlier, joined, ScriptedMachine } from "./scripted.ts";

const t2 = { ...lease, token: "t2" };

describe("a dynamic registration", () => {
  it("registers at once, keeps the answer, and renews with a report of its own each time", async () => {
    const machine = new ScriptedMachine();
    machine.health = starting;
    machine.script.push(agreed(registered({ proxy: { policyName: "p" } })), agreed(renewed({ lease: t2 })), agreed(renewed({ lease: t2 })));
    const first = await machine.next();
    assert.deepEqual(first.membership, { workload: { namespace: "shop", name: "orders-1", identity, serverName: registered().serverName }, values: { policySvcName: "p" }, probe: undefined });
    assert.deepEqual(first.lease, { renewedAt: new Date("2026-01-01T00:00:00Z"), until: new Date("2026-01-01T00:00:40Z") });
    assert.deepEqual([machine.last?.identity, machine.last?.incarnation.incarnationId, machine.last?.answer.lease.token], [identity, "l1", "t1"]);
    const second = await machine.after(10_000);
    assert.equal(second.membership, first.membership);
    assert.deepEqual(second.lease?.renewedAt, new Date("2026-01-01T00:00:10Z"));
    await machine.after(10_000);
    assert.deepEqual(machine.calls, ["0: register NotReady 1", "10000: renew NotReady 2 with t1", "20000: renew NotReady 3 with t2"]);
  });

  it("keeps the token of the newest key for whoever leaves without a harness, and writes nothing else", async () => {
    const machine = await joined();
    machine.script.push(agreed(renewed()), agreed(renewed({ lease: t2 })), agreed(renewed({ lease: t2 })), agreed(renewed()));
    const seen: (string | number | undefined)[] = [];
    for (let call = 0; call < 4; call += 1) {
      await machine.after(10_000);
      seen.push(machine.writes, machine.last?.answer.lease.token);
    }
    assert.deepEqual(seen, [1, "t1", 2, "t2", 2, "t2", 3, "t1"]);
    assert.deepEqual([machine.last?.savedAt, machine.last?.answer.workload.name], [new Date("2026-01-01T00:00:40Z"), "orders-1"]);
  });

  it("brings a renewal forward by news, not before it may call, and not by what is no news", async () => {
    const machine = await joined();
    machine.script.push(agreed(renewed()), agreed(renewed({ minNextCall: 4000 })), agreed(renewed()));
    const second = machine.next();
    await machine.clock.asleep(10_000);
    machine.clock.jump(300);
    machine.turn(starting);
    await machine.clock.asleep(700);
    machine.clock.jump(700);
    await second;
    const third = machine.next();
    await machine.clock.asleep(10_000);
    machine.clock.jump(5000);
    machine.turn({ ...starting, message: "still not" });
    await machine.clock.asleep(5000);
    machine.turn(ready);
    await third;
    const fourth = machine.next();
    await machine.clock.asleep(10_000);
    machine.turn(starting);
    await machine.clock.asleep(4000);
    // Back before anybody was told: no news any more.
    machine.turn(ready);
    await machine.clock.asleep(10_000);
    machine.clock.jump(10_000);
    await fourth;
    assert.deepEqual(machine.calls, ["0: register Ready 1", "1000: renew NotReady 2 with t1", "6000: renew Ready 3 with t1", "16000: renew Ready 4 with t1"]);
  });

  it("hears news that came while a call was under way", async () => {
    const machine = await joined();
    machine.script.push("none");
    const lost = machine.next();
    await machine.clock.asleep(10_000);
    machine.clock.jump(10_000);
    await machine.called.promise;
    machine.turn(starting);
    await machine.registration.leave("drain", AbortSignal.abort(new Error("too late"))).catch(() => undefined);
    await assert.rejects(lost, /the watch is over/u);
    const other = await joined();
    // The answer comes after the news, and is about the report before it.
    other.script.push(agreed(renewed()), agreed(renewed()));
    const next = other.next();
    await other.clock.asleep(10_000);
    const made = other.called.promise;
    other.clock.jump(10_000);
    await made;
    other.health = starting;
    await next;
    await other.after(1000);
    assert.deepEqual(other.calls.slice(1), ["10000: renew Ready 2 with t1", "11000: renew NotReady 3 with t1"]);
  });

  it("loses nothing by a renewal that is lost", async () => {
    const machine = await joined();
    machine.script.push(refused(away), refused(away), agreed(renewed()));
    const [first, second] = [await machine.after(10_000), await machine.after(500)];
    for (const { membership, lease: held, problem, refused: no } of [first, second]) {
      assert.deepEqual([membership?.workload.name, held?.until, problem?.code, no], ["orders-1", new Date("2026-01-01T00:00:40Z"), "REGISTRATION_AWAY", false]);
    }
    const third = await machine.after(1000);
    assert.deepEqual([third.problem, third.lease?.renewedAt], [undefined, new Date("2026-01-01T00:00:11.500Z")]);
    assert.deepEqual(machine.calls.slice(1), ["10000: renew Ready 2 with t1", "10500: renew Ready 3 with t1", "11500: renew Ready 4 with t1"]);
  });

  it("registers at once when its workload is gone, and backs off when that is gone too", async () => {
    const machine = await joined();
    const gone = refused(refusal("WORKLOAD_GONE"));
    machine.script.push(gone, gone, gone, agreed(registered({ lease: t2 })), agreed(renewed()));
    const told = [await machine.after(10_000), await machine.next(), await machine.after(1000), await machine.after(2000)];
    assert.deepEqual(told.map(({ problem, refused: no }) => [problem?.code, no]), [["WORKLOAD_GONE", false], ["WORKLOAD_GONE", false], ["WORKLOAD_GONE", false], [undefined, false]]);
    assert.ok(told.every(({ membership }) => membership?.workload.name === "orders-1"));
    await machine.after(10_000);
    assert.deepEqual(machine.calls.slice(1), ["10000: renew Ready 2 with t1", "10000: register Ready 3", "11000: register Ready 4", "13000: register Ready 5", "23000: renew Ready 6 with t2"]);
  });

  for (const reason of ["SUPERSEDED", "DUPLICATE_INSTANCE"] as const) {
    it(`stays up when it is told ${reason}, not part of the mesh, asks again, and recovers`, async () => {
      const machine = await joined();
      machine.script.push(refused(refusal(reason)), agreed(renewed()));
      const told = await machine.after(10_000);
      assert.deepEqual([told.membership?.workload.name, told.problem?.code, told.refused], ["orders-1", reason, true]);
      const next = machine.next();
      await machine.clock.asleep(63_000);
      machine.turn(starting);
      await machine.clock.asleep(63_000);
      machine.clock.jump(63_000);
      assert.deepEqual([(await next).problem, (await next).refused], [undefined, false]);
      assert.deepEqual(machine.calls.slice(1), ["10000: renew Ready 2 with t1", "73000: renew NotReady 3 with t1"]);
    });
  }

  it("registers when its group has changed, and is then what the new answer says", async () => {
    const machine = await joined();
    machine.script.push(agreed(renewed({ configChanged: true })), agreed(registered({ configVersion: "c2", proxy: { policyName: "other" } })), agreed(renewed()));
    const before = await machine.after(10_000);
    assert.deepEqual(before.membership?.values, {});
    assert.deepEqual((await machine.after(1000)).membership?.values, { policySvcName: "other" });
    await machine.after(10_000);
    const [, , , last] = machine.asks;
    assert.deepEqual([machine.calls.at(-1), last && "configVersion" in last && last.configVersion], ["21000: renew Ready 4 with t1", "c2"]);
  });

  it("waits for its group without a membership, and joins when it is there", async () => {
    const machine = new ScriptedMachine();
    machine.last = earlier();
    machine.script.push(refused(refusal("GROUP_NOT_FOUND")), agreed(registered()));
    const told = await machine.next();
    assert.deepEqual([told.membership, told.problem?.code, told.problem?.doing, told.refused], [undefined, "GROUP_NOT_FOUND", "joining the group shop/orders", true]);
    assert.equal((await machine.after(15_750)).membership?.workload.name, "orders-1");
  });
});

describe("what the service said at an earlier start", () => {
  it("is enough while the service is away, and gives way to its first answer", async () => {
    const machine = new ScriptedMachine();
    machine.last = earlier();
    machine.script.push(refused(away), refused(away), agreed(registered()));
    const told = await machine.next();
    assert.deepEqual([told.membership?.workload.name, told.problem?.code, told.refused], ["orders-1", "REGISTRATION_AWAY", false]);
    assert.deepEqual(told.lease, { renewedAt: new Date("2025-12-31T00:00:00Z"), until: new Date("2025-12-31T00:00:40Z") });
    assert.equal((await machine.after(500)).membership, told.membership);
    const back = await machine.after(1000);
    assert.deepEqual([back.problem, back.lease?.renewedAt], [undefined, new Date("2026-01-01T00:00:01.500Z")]);
    assert.deepEqual(machine.calls, ["0: register Ready 1", "500: register Ready 2", "1500: register Ready 3"]);
  });

  for (const [what, change] of [
    ["another identity", { identity: "spiffe://mesh.test/other" }],
    ["another group", { group: { namespace: "shop", name: "carts" } }],
    ["another namespace's group", { group: { namespace: "mall", name: "orders" } }],
    ["another machine", { incarnation: { ...earlier().incarnation, instanceId: "i2" } }],
  ] as const) {
    it(`to ${what} is nothing`, async () => {
      const machine = new ScriptedMachine();
      machine.last = earlier(change);
      machine.script.push(refused(away));
      const told = await machine.next();
      assert.deepEqual([told.membership, told.lease, told.problem?.code], [undefined, undefined, "REGISTRATION_AWAY"]);
    });
  }

  for (const reason of ["GROUP_NOT_FOUND", "IDENTITY_NOT_ALLOWED", "NO_IDENTITY", "ADDRESS_IN_USE", "SUPERSEDED"] as const) {
    it(`is nothing against ${reason} of today`, async () => {
      const machine = new ScriptedMachine();
      machine.last = earlier();
      machine.script.push(refused(refusal(reason)));
      assert.equal((await machine.next()).membership, undefined);
    });
  }
});
