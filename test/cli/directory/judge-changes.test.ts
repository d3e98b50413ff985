import assert from "node:assert/strict";
import { renderWorkloadEntry } from "../../../src/autoregistration/render-directory.ts";
import { Changes } from "../../../src/cli/directory/judge-changes.ts";
import type { WorkloadEntry, WorkloadEvent } from "../../../src/registration/directory.ts";
import { condition, lease, now, workload } from "../../autoregistration/samples.ts";

function entry(name: string, { uid = "u1", ready = true, renewedAt = now }: { readonly uid?: string; readonly ready?: boolean; readonly renewedAt?: number } = {}): WorkloadEntry {
  return renderWorkloadEntry(workload({ key: { namespace: "shop", name } }, { uid, condition: condition({ ready }) }), lease({ renewedAt }), now);
}

function added(name: string, change: Parameters<typeof entry>[1] = {}): WorkloadEvent {
  return { event: "added", workload: entry(name, change) };
}

const synced: WorkloadEvent = { event: "synced" };

/** What is told of some events of one watch. */
function told(changes: Changes, ...events: readonly WorkloadEvent[]): string {
  return events.flatMap((event) => changes.judge(event)).map((event) => (event.event === "synced" ? "synced" : `${event.event} ${event.workload.name} ${event.workload.uid} ${event.workload.ready ? "ready" : "not"}`)).join("; ");
}

describe("the changes of several watches", () => {
  it("are at first all that the first watch tells", () => {
    const changes = new Changes();
    assert.equal(told(changes, added("a"), added("b"), synced), "added a u1 ready; added b u1 ready; synced");
    assert.equal(told(changes, { event: "modified", workload: entry("a", { ready: false }) }, { event: "deleted", workload: entry("b") }, added("c")), "modified a u1 not; deleted b u1 ready; added c u1 ready");
  });

  it("are after a new connection what changed in between, and that only", () => {
    const changes = new Changes();
    told(changes, added("same"), added("changed"), added("gone"), added("anew"), synced);
    changes.restart();
    assert.equal(told(changes, added("same", { renewedAt: now + 9000 }), added("changed", { ready: false }), added("anew", { uid: "u2" }), added("new")), "modified changed u1 not; deleted anew u1 ready; added anew u2 ready; added new u1 ready");
    assert.equal(told(changes, synced), "deleted gone u1 ready");
    assert.equal(told(changes, { event: "deleted", workload: entry("same") }), "deleted same u1 ready");
  });

  it("lose nothing when a list breaks off", () => {
    const changes = new Changes();
    assert.equal(told(changes, added("a"), added("b")), "added a u1 ready; added b u1 ready");
    changes.restart();
    assert.equal(told(changes, added("a")), "");
    changes.restart();
    assert.equal(told(changes, added("b"), synced), "deleted a u1 ready; synced");
  });

  it("tell of no end of what nobody heard of", () => {
    const changes = new Changes();
    assert.equal(told(changes, synced, { event: "deleted", workload: entry("a") }, { event: "modified", workload: entry("b") }), "synced; added b u1 ready");
  });

  it("tell of who left and came back, and of a list's end once", () => {
    const changes = new Changes();
    told(changes, added("a"), synced);
    assert.equal(told(changes, { event: "deleted", workload: entry("a") }, added("a"), synced), "deleted a u1 ready; added a u1 ready");
    assert.equal(told(changes, { event: "deleted", workload: entry("a") }), "deleted a u1 ready");
  });

  it("are none when a change comes within the list of a later watch and is the same", () => {
    const changes = new Changes();
    told(changes, added("a"), synced);
    changes.restart();
    assert.equal(told(changes, added("a"), { event: "deleted", workload: entry("a") }, synced), "deleted a u1 ready");
  });
});
