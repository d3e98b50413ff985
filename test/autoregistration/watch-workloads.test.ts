import assert from "node:assert/strict";
import { watchWorkloads } from "../../src/autoregistration/watch-workloads.ts";
import type { WorkloadEvent } from "../../src/registration/directory.ts";
import { DirectoryLab } from "./directory-lab.ts";
import { condition, lease, now, stored, workload } from "./samples.ts";

const key = { namespace: "shop", name: "orders-1" };

function renderEvent(event: WorkloadEvent): string {
  return event.event === "synced" ? "synced" : `${event.event} ${event.workload.name} ${event.workload.uid} ${event.workload.reason} ${event.workload.lease.state}`;
}

/** The next event as text, or `nothing` when the watch waits. */
async function next(watch: AsyncGenerator<WorkloadEvent, void, void>): Promise<string> {
  const result = await watch.next();
  return result.done === true ? "end" : renderEvent(result.value);
}

describe("watchWorkloads", () => {
  it("keeps only the last of what changed while nobody read", async () => {
    const { fleet } = new DirectoryLab();
    fleet.note([{ kind: "workload", key, stored: stored(workload()) }, { kind: "lease", key, stored: stored(lease()) }]);
    await using watch = watchWorkloads(fleet, () => now, new AbortController().signal);
    assert.deepEqual([await next(watch), await next(watch)], ["added orders-1 u1 Ready live", "synced"]);
    for (let index = 0; index < 1000; index++) fleet.note([{ kind: "workload", key, stored: stored(workload({}, { condition: condition({ ready: false, reason: `Reason${index}` }) }), `${index + 2}`) }]);
    fleet.note([{ kind: "workload", key: { ...key, name: "orders-2" }, stored: stored(workload({ key: { ...key, name: "orders-2" } }, { uid: "u2" })) }]);
    assert.deepEqual([await next(watch), await next(watch)], ["modified orders-1 u1 Reason999 live", "added orders-2 u2 Ready none"]);
  });

  it("is silent about renewals, and about what came and went unseen", async () => {
    const { fleet } = new DirectoryLab();
    fleet.note([{ kind: "workload", key, stored: stored(workload()) }, { kind: "lease", key, stored: stored(lease()) }]);
    await using watch = watchWorkloads(fleet, () => now, new AbortController().signal);
    assert.deepEqual([await next(watch), await next(watch)], ["added orders-1 u1 Ready live", "synced"]);
    fleet.note([{ kind: "lease", key, stored: stored(lease({ renewedAt: now, healthSeq: 9 }), "2") }]);
    fleet.note([{ kind: "workload", key: { ...key, name: "brief" }, stored: stored(workload({ key: { ...key, name: "brief" } })) }]);
    fleet.note([{ kind: "workload", key: { ...key, name: "brief" }, stored: undefined }]);
    fleet.note([{ kind: "workload", key, stored: stored(workload({ annotations: { seen: "by nobody" } }), "2") }]);
    const waiting = next(watch);
    fleet.note([{ kind: "lease", key, stored: stored(lease({ epoch: 4 }), "3") }]);
    assert.equal(await waiting, "modified orders-1 u1 Ready live");
  });

  it("tells of another workload under the same name as of two", async () => {
    const { fleet } = new DirectoryLab();
    fleet.note([{ kind: "workload", key, stored: stored(workload()) }]);
    await using watch = watchWorkloads(fleet, () => now, new AbortController().signal);
    assert.deepEqual([await next(watch), await next(watch)], ["added orders-1 u1 Ready none", "synced"]);
    fleet.note([{ kind: "workload", key, stored: undefined }]);
    fleet.note([{ kind: "workload", key, stored: stored(workload({}, { uid: "u2" }), "9") }]);
    assert.deepEqual([await next(watch), await next(watch)], ["deleted orders-1 u1 Ready none", "added orders-1 u2 Ready none"]);
  });

  it("tells of what is gone when everything is read anew", async () => {
    await using lab = new DirectoryLab();
    lab.fleet.note([{ kind: "workload", key, stored: stored(workload()) }]);
    await using watch = watchWorkloads(lab.fleet, () => now, new AbortController().signal);
    assert.deepEqual([await next(watch), await next(watch)], ["added orders-1 u1 Ready none", "synced"]);
    const stop = new AbortController();
    const following = lab.fleet.follow(lab.store, () => undefined, stop.signal);
    assert.equal(await next(watch), "deleted orders-1 u1 Ready none");
    stop.abort();
    await following;
  });

  it("ends with the signal, before, in and after the list, and listens no more", async () => {
    const { fleet } = new DirectoryLab();
    fleet.note([{ kind: "workload", key, stored: stored(workload()) }]);
    assert.equal(await next(watchWorkloads(fleet, () => now, AbortSignal.abort())), "end");
    const stop = new AbortController();
    const watch = watchWorkloads(fleet, () => now, stop.signal);
    assert.deepEqual([await next(watch), await next(watch)], ["added orders-1 u1 Ready none", "synced"]);
    const waiting = next(watch);
    stop.abort();
    assert.equal(await waiting, "end");
  });
});
