import assert from "node:assert/strict";
import { isMeshError } from "../../../src/model/errors.ts";
import type { Standing } from "../../../src/registration/registration.ts";
import { agreed, away, identity, lease, refusal, refused, registered, renewed, starting } from "./answers.ts";
import { earlier, joined, ScriptedMachine, tlsIdentity } from "./scripted.ts";

const { signal } = new AbortController();
const t2 = { ...lease, token: "t2" };

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
