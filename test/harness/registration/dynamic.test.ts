import assert from "node:assert/strict";
import type { LastAnswer } from "../../../src/harness/registration/last-answer.ts";
import type { Standing } from "../../../src/registration/registration.ts";
import { isMeshError } from "../../../src/model/errors.ts";
import { agreed, away, identity, lease, refusal, refused, registered, renewed, ready, starting } from "./answers.ts";
import { ScriptedMachine, tlsIdentity } from "./scripted.ts";

const { signal } = new AbortController();
const t2 = { ...lease, token: "t2" };

/** What an earlier process of this machine was told. */
function earlier(change: Partial<LastAnswer> = {}): LastAnswer {
  return {
    identity, group: { namespace: "shop", name: "orders" }, savedAt: new Date("2025-12-31T00:00:00Z"), answer: registered({ lease: { ...lease, token: "t0" } }),
    incarnation: { instanceId: "i1", incarnationId: "l0", startedAt: new Date("2025-12-31T00:00:00Z"), epoch: 1 }, ...change,
  };
}

/** A machine that has just registered. */
async function joined(): Promise<ScriptedMachine> {
  const machine = new ScriptedMachine();
  machine.script.push(agreed(registered()));
  await machine.next();
  return machine;
}

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

describe("leaving", () => {
  it("gives up the call under way and makes no other", async () => {
    for (const departure of ["drain", "delete"] as const) {
      const machine = await joined();
      const under = machine.ended();
      await machine.clock.asleep(10_000);
      const made = machine.called.promise;
      machine.clock.jump(10_000);
      await made;
      assert.equal(machine.open, 1);
      machine.script.push(agreed(10_000));
      const left = machine.registration.leave(departure, signal);
      machine.turn(starting);
      assert.deepEqual([await left, await under, machine.open, machine.clock.idle], [10_000, undefined, 0, true]);
      assert.deepEqual(machine.calls.slice(1), ["10000: renew Ready 2 with t1", `10000: ${departure} with t1`]);
      assert.equal(machine.last === undefined, departure === "delete");
      machine.watch();
      assert.equal(await machine.ended(), undefined);
    }
  });

  it("while it is registering has nothing to tell", async () => {
    const machine = new ScriptedMachine();
    const made = machine.called.promise;
    const under = machine.ended();
    await made;
    assert.deepEqual([await machine.registration.leave("drain", signal), await under, machine.calls.length], [0, undefined, 1]);
  });

  it("for good takes back what an earlier start registered", async () => {
    const machine = new ScriptedMachine();
    machine.last = earlier();
    machine.script.push(agreed(2000));
    assert.deepEqual([await machine.registration.leave("delete", signal), machine.calls, machine.last], [2000, ["0: delete with t0"], undefined]);
    const [ask] = machine.asks;
    assert.equal(ask?.incarnation.incarnationId, "l0");
    assert.equal(await new ScriptedMachine().registration.leave("delete", signal), 0);
  });

  it("takes back what it holds, also when a changed group has it register and the service went away meanwhile", async () => {
    const machine = await joined();
    machine.script.push(agreed(renewed({ configChanged: true })), refused(away), agreed(10_000));
    await machine.after(10_000);
    assert.equal((await machine.after(1000)).membership?.workload.name, "orders-1");
    assert.equal(await machine.registration.leave("drain", signal), 10_000);
    assert.equal(machine.calls.at(-1), "11000: drain with t1");
  });

  it("has nothing to take back after the service has said that it is gone", async () => {
    const machine = await joined();
    machine.script.push(refused(refusal("LEASE_INVALID")));
    await machine.after(10_000);
    assert.deepEqual([await machine.registration.leave("drain", signal), machine.calls.length], [0, 2]);
  });

  it("tells why it was refused, and keeps the answer for another try", async () => {
    const machine = await joined();
    machine.script.push(refused(away));
    await assert.rejects(machine.registration.leave("delete", signal), (error) => isMeshError(error, "REGISTRATION_AWAY") && error.doing === "leaving as shop/orders-1");
    assert.notEqual(machine.last, undefined);
  });

  it("ends when its time is over", async () => {
    const machine = await joined();
    const bound = new AbortController();
    const left = machine.registration.leave("drain", bound.signal);
    bound.abort(new Error("too late"));
    await assert.rejects(left, /too late/u);
    assert.equal(machine.open, 0);
  });
});

describe("another identity", () => {
  const other = "spiffe://mesh.test/other";
  const asOther = agreed(registered({ identity: other, lease: t2 }));

  it("takes back at once, as who it was, what the one before registered, and registers anew with numbers that go on rising", async () => {
    const machine = new ScriptedMachine();
    const first = new AbortController();
    machine.script.push(agreed(registered()), agreed(0), refused(away), asOther, agreed(renewed()));
    machine.watch(identity, first.signal);
    await machine.next();
    machine.own = tlsIdentity(other);
    first.abort(new Error("another identity"));
    assert.equal(await machine.ended(), undefined);
    assert.equal(machine.calls.at(-1), `0: delete with t1 by ${identity}`);
    machine.watch(other);
    const told = await machine.next();
    assert.deepEqual([told.membership, told.lease], [undefined, undefined]);
    assert.equal((await machine.after(500)).membership?.workload.identity, other);
    await machine.after(10_000);
    assert.deepEqual(machine.calls, ["0: register Ready 1", `0: delete with t1 by ${identity}`, "0: register Ready 2", "500: register Ready 3", "10500: renew Ready 4 with t2"]);
  });

  it("does so too when the next watch begins before the one before has ended", async () => {
    const machine = new ScriptedMachine();
    const first = new AbortController();
    machine.script.push(agreed(registered()), agreed(0), asOther);
    machine.watch(identity, first.signal);
    await machine.next();
    const before = machine.ended();
    await machine.clock.asleep(10_000);
    machine.own = tlsIdentity(other);
    first.abort(new Error("another identity"));
    machine.watch(other);
    assert.equal((await machine.next()).membership?.workload.identity, other);
    assert.equal(await before, undefined);
    assert.deepEqual(machine.calls, ["0: register Ready 1", `0: delete with t1 by ${identity}`, "0: register Ready 2"]);
  });

  it("goes on when the former one's registration cannot be taken back, and does it with the newest certificate of that", async () => {
    const machine = new ScriptedMachine();
    const first = new AbortController();
    const held: (string | undefined)[] = [];
    const rotated = tlsIdentity(identity, "rotated");
    machine.script.push(agreed(registered()), agreed(renewed()), refused(away), asOther);
    const { clientOf } = machine;
    machine.clientOf = (past) => {
      held.push(past.fingerprint);
      return clientOf(past);
    };
    machine.watch(identity, first.signal);
    await machine.next();
    machine.own = rotated;
    await machine.after(10_000);
    machine.own = tlsIdentity(other);
    first.abort(new Error("another identity"));
    await machine.ended();
    machine.watch(other);
    assert.equal((await machine.next()).membership?.workload.identity, other);
    assert.deepEqual(held, ["rotated"]);
  });

  it("tells nothing of the one before, whose answer comes in the same moment", async () => {
    const machine = new ScriptedMachine();
    const first = new AbortController();
    machine.script.push(agreed(registered()), agreed(0));
    machine.watch(identity, first.signal);
    const told = machine.ended();
    await machine.called.promise;
    first.abort(new Error("another identity"));
    assert.equal(await told, undefined);
    assert.deepEqual(machine.calls, ["0: register Ready 1", `0: delete with t1 by ${identity}`]);
  });
});

describe("an abort", () => {
  const join = async (machine: ScriptedMachine): Promise<{ readonly end: Promise<Standing | undefined> }> => {
    machine.script.push(agreed(registered()));
    await machine.next();
    const end = machine.ended();
    await machine.clock.asleep(10_000);
    return { end };
  };
  const moments: Readonly<Record<string, (machine: ScriptedMachine) => Promise<{ readonly end: Promise<Standing | undefined> }>>> = {
    "before anything": async (machine) => {
      machine.stop();
      return { end: machine.ended() };
    },
    "while it registers": async (machine) => {
      const made = machine.called.promise;
      const end = machine.ended();
      await made;
      return { end };
    },
    "while it waits for a renewal": join,
    "while it renews": async (machine) => {
      const { end } = await join(machine);
      machine.script.push("none");
      const made = machine.called.promise;
      machine.clock.jump(10_000);
      await made;
      return { end };
    },
  };

  for (const [moment, reach] of Object.entries(moments)) {
    it(`${moment} ends the watch and leaves nothing behind`, async () => {
      const machine = new ScriptedMachine();
      const { end } = await reach(machine);
      machine.script.push(agreed(0));
      machine.stop();
      assert.deepEqual([await end, machine.clock.idle, machine.open], [undefined, true, 0]);
    });
  }

  it("does not hide a failure that is none", async () => {
    const machine = new ScriptedMachine({ facts: () => { throw new TypeError("a mistake"); } });
    await assert.rejects(machine.next(), TypeError);
  });
});
