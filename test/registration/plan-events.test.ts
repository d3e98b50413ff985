import assert from "node:assert/strict";
import { renderWorkloadEntry } from "../../src/autoregistration/render-directory.ts";
import { planEvents } from "../../src/registration/plan-events.ts";
import type { WorkloadEntry } from "../../src/registration/directory.ts";
import { lease, now, workload } from "../autoregistration/samples.ts";

const known = renderWorkloadEntry(workload(), lease(), now);

function told(before: WorkloadEntry | undefined, after: WorkloadEntry | undefined): readonly string[] {
  return planEvents(before, after).map((event) => `${event.event} ${event.workload.uid}`);
}

describe("what is told of a workload", () => {
  for (const [what, change, events] of [
    ["nothing of the same", {}, []],
    ["nothing of a lease that was only renewed", { lease: { ...known.lease, renewedAt: "2026-01-02T04:00:00.000Z", expiresAt: "2026-01-02T04:01:00.000Z" } }, []],
    ["another process of the machine", { lease: { ...known.lease, epoch: 4 } }, ["modified u1"]],
    ["a lease that ends", { lease: { ...known.lease, state: "expired" } }, ["modified u1"]],
    ["another readiness", { ready: false }, ["modified u1"]],
    ["another message", { message: "slow" }, ["modified u1"]],
    ["another proxy version", { machine: { ...known.machine, proxyVersion: "3" } }, ["modified u1"]],
    ["another label", { labels: { app: "web" } }, ["modified u1"]],
    ["another workload under its name", { uid: "u2" }, ["deleted u1", "added u2"]],
  ] as const) {
    it(`is ${what}`, () => {
      assert.deepEqual(told(known, { ...known, ...change }), events);
    });
  }

  it("is its beginning and its end", () => {
    assert.deepEqual([told(undefined, known), told(known, undefined), told(undefined, undefined)], [["added u1"], ["deleted u1"], []]);
  });
});
