import assert from "node:assert/strict";
import { leadRounds } from "../../src/autoregistration/lead-rounds.ts";
import { soleLeadership, waitForClaim, type Leadership } from "../../src/autoregistration/leadership.ts";
import type { Store } from "../../src/autoregistration/store.ts";
import { Vitals } from "../../src/autoregistration/vitals.ts";
import { AsyncQueue } from "../../src/base/async-queue.ts";
import { MeshError } from "../../src/model/errors.ts";
import { FakeHost } from "../fakes/host.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Lab, Machine } from "./lab.ts";

describe("a claim", () => {
  it("is waited for while somebody else has it, and told once", async () => {
    const host = new FakeHost();
    const [stop, told] = [new AbortController(), { count: 0 }];
    const deps = { clock: host.clock, files: host.files, log: host.log, waiting: () => void (told.count += 1) };
    const first = await waitForClaim("/state/lock", deps, stop.signal);
    assert.equal(told.count, 0);
    const second = waitForClaim("/state/lock", deps, stop.signal);
    for (let look = 0; look < 3; look += 1) {
      await host.clock.asleep(500);
      host.clock.jump(500);
    }
    await host.clock.asleep(500);
    assert.equal(told.count, 1);
    await first[Symbol.asyncDispose]();
    host.clock.jump(500);
    await (await second)[Symbol.asyncDispose]();
    assert.equal(host.locked.size, 0);
  });

  it("is not waited for any more after the signal", async () => {
    const host = new FakeHost();
    host.locked.add("/state/lock");
    const stop = new AbortController();
    const claim = waitForClaim("/state/lock", { files: host.files, clock: host.clock, log: host.log, waiting: () => undefined }, stop.signal);
    await host.clock.asleep(500);
    stop.abort(new Error("enough"));
    await assert.rejects(claim, /enough/u);
  });
});

describe("rounds", () => {
  const log = new RememberingLog();
  const noGroups = { current: () => new Map(), read: async () => undefined };

  it("are done while this server leads, and only then", async () => {
    const [lab, vitals, stop, office] = [new Lab(), new Vitals(), new AbortController(), new AsyncQueue<boolean>()];
    const rounds = { count: 0 };
    const fleet = lab.replica().fleet;
    const done = leadRounds({ store: lab.store, fleet, groups: noGroups, clock: lab.clock, leadership: { watch: () => office }, vitals, log, good: () => void (rounds.count += 1) }, stop.signal);
    office.push(false);
    office.push(true);
    office.push(true);
    await lab.clock.asleep(5000);
    assert.deepEqual([vitals.leads, rounds.count], [true, 1]);
    office.push(false);
    await waitUntil(() => vitals.leads, (leads) => !leads);
    lab.clock.jump(20_000);
    assert.equal(rounds.count, 1);
    office.push(true);
    await waitUntil(() => rounds.count, (count) => count === 2);
    stop.abort();
    office.end();
    await done;
    assert.equal(vitals.leads, false);
  });

  it("that the store refuses give the office up and say why", async () => {
    const lab = new Lab();
    const replica = lab.replica();
    await replica.follow();
    const machine = new Machine();
    assert.equal(await machine.register(replica), "ok");
    const failure = new MeshError("STORE_FAILED", { doing: "writing", what: "the disk is full" });
    const store: Store = Object.assign(Object.create(lab.store) as Store, { updateCondition: () => Promise.reject(failure), updateLease: () => Promise.reject(failure) });
    const given = { up: false };
    const leadership: Leadership = { async *watch(signal) { yield* soleLeadership.watch(signal); given.up = true; } };
    const groups = { current: () => lab.groups, read: async () => undefined };
    const leading = leadRounds({ store, fleet: replica.fleet, groups, clock: lab.clock, leadership, vitals: new Vitals(), log, good: () => undefined }, new AbortController().signal);
    const failed = assert.rejects(leading, { code: "STORE_FAILED" });
    for (let round = 0; round < 14; round += 1) {
      await Promise.race([lab.clock.asleep(5000), failed]);
      lab.clock.jump(5000);
    }
    await failed;
    assert.ok(given.up);
    replica.stop();
  });
});
