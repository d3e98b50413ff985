import assert from "node:assert/strict";
import type { WorkloadEntry, WorkloadEvent } from "../../../src/registration/directory.ts";
import { renderSighting, Sightings } from "../../../src/simulator/demo/sightings.ts";

const one = "spiffe://mesh.test/vm/1";
const two = "spiffe://mesh.test/vm/2";

function entry(identity: string, ready: boolean, reason: string): WorkloadEntry {
  return {
    namespace: "shop", name: `orders-${identity.at(-1)}`, uid: "u", group: "orders", identity, serverName: "orders.shop.external.identity.linkerd.cluster.local", instanceId: "i",
    addresses: ["10.0.0.2"], inboundPort: 4143, ports: [], labels: {}, createdAt: "2026-01-01T00:00:00Z", ready, reason, message: "", lease: { state: "live" },
    machine: { os: "linux", hostname: "vm", zone: "", harnessVersion: "1", proxyVersion: "2" },
  };
}

function feed(sightings: Sightings, ...events: readonly WorkloadEvent[]): void {
  for (const event of events) sightings.take(JSON.stringify(event));
}

describe("the demo's sightings", () => {
  it("tell what each workload went through, each condition once", () => {
    const sightings = new Sightings();
    feed(sightings,
      { event: "synced" }, { event: "added", workload: entry(one, false, "Registered") }, { event: "modified", workload: entry(one, false, "Registered") },
      { event: "added", workload: entry(two, true, "Serving") }, { event: "modified", workload: entry(one, true, "Serving") },
      { event: "modified", workload: entry(one, false, "Draining") }, { event: "deleted", workload: entry(one, false, "Draining") });
    assert.deepEqual(sightings.list(one), ["False Registered", "True Serving", "False Draining", "deleted"]);
    assert.equal(sightings.last(two)?.workload.name, "orders-2");
    assert.equal(sightings.last("spiffe://mesh.test/nobody"), undefined);
  });

  it("are not disturbed by lines that are no events", () => {
    const sightings = new Sightings();
    for (const line of ["", "{", "null", '{"event":"added"}', "a log line"]) sightings.take(line);
    assert.deepEqual(sightings.list(one), []);
  });

  it("can be waited for, also where it was seen before", async () => {
    const sightings = new Sightings();
    const seen = sightings.until(one, ({ workload }) => workload.ready, AbortSignal.timeout(5000));
    feed(sightings, { event: "added", workload: entry(two, true, "Serving") }, { event: "added", workload: entry(one, false, "Registered") }, { event: "modified", workload: entry(one, true, "Serving") });
    assert.equal(renderSighting(await seen), "True Serving");
    assert.equal(renderSighting(await sightings.until(one, ({ gone }) => !gone, AbortSignal.timeout(5000))), "True Serving");
  });

  it("are waited for no longer than the signal allows", async () => {
    const over = new AbortController();
    const seen = new Sightings().until(one, () => true, over.signal);
    over.abort(new Error("over"));
    await assert.rejects(seen, /over/u);
  });
});
