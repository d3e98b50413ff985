import assert from "node:assert/strict";
import { readConfigVersion } from "../../src/autoregistration/names.ts";
import { renderGroupEntries, renderWorkloadEntries, renderWorkloadEntry } from "../../src/autoregistration/render-directory.ts";
import { parseGroupManifest } from "../../src/model/external-group-manifest.ts";
import type { ExternalGroup, GroupProbe } from "../../src/model/external-group.ts";
import { groupEntrySchema, workloadEntrySchema } from "../../src/registration/directory.ts";
import { assertGolden } from "../support/golden.ts";
import { condition, group, lease, now, stored, workload } from "./samples.ts";

const full = parse({
  probes: [{ httpGet: { path: "/ready", port: 8080, scheme: "HTTPS", host: "::1" }, periodSeconds: 5 }],
  registration: { identities: ["spiffe://td/vm/*"], allowedCIDRs: ["10.0.0.0/8", "fd00::/8"], allowedLabels: ["tier"], maxWorkloads: 7, onDeregister: "KeepNotReady", deregisterAfterSeconds: 0 },
  proxy: { clusterDomain: "cluster.local" },
  template: { metadata: { labels: { app: "web" } }, ports: [{ name: "http", port: 8080 }] },
});

function parse(spec: unknown, name = "web"): ExternalGroup {
  const parsed = parseGroupManifest({ apiVersion: "registration.linkerd-mesh.io/v1alpha1", kind: "ExternalGroup", metadata: { name, namespace: "shop" }, spec });
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join());
  return parsed.group;
}

function entries(groups: readonly ExternalGroup[], workloads = [workload()]): ReturnType<typeof renderGroupEntries> {
  return renderGroupEntries({ groups: new Map(groups.map((one) => [`${one.key.namespace}/${one.key.name}`, one])), workloads: workloads.map((one) => stored(one)), defaultIdentities: ["spiffe://td/any"] });
}

function action(probe: GroupProbe["action"]): string | undefined {
  return entries([group({ probe: { action: probe, initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 } })])[0]?.probe?.action;
}

describe("the lists of the registration service", () => {
  it("are the objects that a reviewer has seen", () => {
    const groups = entries([full, group()]);
    const workloads = [...renderWorkloadEntries({ workloads: [stored(workload())], leases: [stored(lease())] }, now)];
    assertGolden("autoregistration/directory.json", `${JSON.stringify({ groups, workloads }, undefined, 2)}\n`);
    for (const one of groups) assert.deepEqual(groupEntrySchema.parse(one), one);
    for (const one of workloads) assert.deepEqual(workloadEntrySchema.parse(one), one);
  });

  it("are sorted by namespace and name, whatever the store's order", () => {
    const keys = [["shop", "b"], ["shop", "a"], ["bar", "z"], ["shop-2", "a"]].map(([namespace = "", name = ""]) => ({ namespace, name }));
    const names = ["bar/z", "shop/a", "shop/b", "shop-2/a"];
    assert.deepEqual(entries(keys.map((key) => group({ key }))).map(({ namespace, name }) => `${namespace}/${name}`), names);
    assert.deepEqual([...renderWorkloadEntries({ workloads: keys.map((key) => stored(workload({ key }))), leases: [] }, now)].map(({ namespace, name }) => `${namespace}/${name}`), names);
  });

  it("count a group's machines, and those of no other namespace", () => {
    const machines = [workload(), workload({}, { condition: condition({ ready: false }) }), workload({}, { condition: undefined }), workload({ key: { namespace: "other", name: "orders-1" } }), workload({ group: "web" })];
    assert.deepEqual(entries([group(), full, parse({}, "empty")], machines).map((one) => `${one.name} ${one.machines.ready}/${one.machines.total}`), ["empty 0/0", "orders 1/3", "web 1/1"]);
  });

  it("say whose list of identities holds, and which version machines are given", () => {
    const [own, none] = entries([group(), parse({})]);
    assert.deepEqual([own?.identitiesFrom, own?.identities, own?.configVersion], ["group", ["spiffe://td/vm/*"], readConfigVersion(group())]);
    assert.deepEqual([none?.identitiesFrom, none?.identities, none?.maxWorkloads, none?.probe], ["default", ["spiffe://td/any"], undefined, undefined]);
    assert.deepEqual(entries([parse({ registration: { identities: [] } })])[0]?.identities, []);
  });

  it("write a probe as one line", () => {
    assert.equal(action({ kind: "httpGet", host: "127.0.0.1", port: 8080, path: "/ready", scheme: "HTTP", headers: {} }), "HTTP GET http://127.0.0.1:8080/ready");
    assert.equal(action({ kind: "tcpSocket", host: "::1", port: 5432 }), "TCP [::1]:5432");
    assert.equal(action({ kind: "grpc", port: 9000, service: "shop.Orders" }), "gRPC 127.0.0.1:9000 shop.Orders");
    assert.equal(action({ kind: "grpc", port: 9000, service: "" }), "gRPC 127.0.0.1:9000");
    assert.equal(action({ kind: "exec", command: ["/usr/bin/check", "-n", "two words"] }), 'exec /usr/bin/check -n "two words"');
  });

  for (const [state, change] of [
    ["live", {}],
    ["live", { renewedAt: now - 59_999 }],
    ["expired", { renewedAt: now - 60_000 }],
    ["expired", { expiredAt: now }],
    ["draining", { drainingSince: now }],
    ["expired", { drainingSince: now, expiredAt: now }],
  ] as const) {
    it(`call a lease ${state} with ${JSON.stringify(change)}`, () => {
      assert.equal(renderWorkloadEntry(workload(), lease(change), now).lease.state, state);
    });
  }

  it("say until when a machine lives unless it renews", () => {
    assert.deepEqual(renderWorkloadEntry(workload(), lease(), now).lease, { state: "live", epoch: 3, renewedAt: "2026-01-02T03:04:00.000Z", expiresAt: "2026-01-02T03:05:00.000Z" });
    assert.deepEqual(renderWorkloadEntry(workload(), undefined, now).lease, { state: "none" });
  });

  it("show a workload that has no condition yet as not ready", () => {
    const { ready, reason, message, since } = renderWorkloadEntry(workload({}, { condition: undefined }), undefined, now);
    assert.deepEqual([ready, reason, message, since], [false, "Unknown", "", undefined]);
  });
});
