import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { renderGroupManifest, renderGroupStream } from "../../src/generate/group-manifest.ts";
import { parseGroupManifest } from "../../src/model/external-group-manifest.ts";
import type { ExternalGroup } from "../../src/model/external-group.ts";
import { assertGolden } from "../support/golden.ts";

const meta = { apiVersion: "registration.linkerd-mesh.io/v1alpha1", kind: "ExternalGroup", metadata: { name: "orders", namespace: "shop" } };

const full = {
  registration: { identities: ["spiffe://td/vm/*", "spiffe://td/one"], allowedCIDRs: ["10.0.0.0/8", "fd00::/8"], allowedLabels: ["tier", "example.org/zone"], maxWorkloads: 50, renewSeconds: 5, leaseSeconds: 15, deregisterAfterSeconds: 0, drainSeconds: 30, onDeregister: "KeepNotReady" },
  probes: [{ httpGet: { scheme: "HTTPS", host: "::1", port: 8443, path: "/ready?x=1", httpHeaders: [{ name: "Host", value: "orders: \"x\"" }] }, initialDelaySeconds: 3, periodSeconds: 4, timeoutSeconds: 2, successThreshold: 2, failureThreshold: 5 }],
  proxy: { clusterDomain: "cluster.local", policyAddr: "policy.example:8090", defaultInboundPolicy: "deny" },
  template: { metadata: { labels: { app: "orders", "example.org/flag": "true" }, annotations: { note: "two\nlines # and no comment", yes: "yes" } }, ports: [{ name: "http", port: 8080 }, { name: "dns", port: 53, protocol: "UDP" }] },
};

function read(spec: unknown): ExternalGroup {
  const parsed = parseGroupManifest({ ...meta, spec });
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("; "));
  return parsed.group;
}

/** The group after it was written and read again. */
function writtenAndRead(group: ExternalGroup): ExternalGroup {
  const parsed = parseAllDocuments(renderGroupStream([renderGroupManifest(group)])).map((document) => parseGroupManifest(document.toJS()));
  assert.ok(parsed.length === 1 && parsed[0]?.ok, JSON.stringify(parsed));
  return parsed[0].group;
}

describe("the manifest of a group", () => {
  it("is the text that a reviewer has seen", () => {
    assertGolden("manifests/group.yaml", renderGroupStream([renderGroupManifest(read(full)), renderGroupManifest(read({}))]));
  });

  for (const [what, spec] of [
    ["everything", full],
    ["nothing", {}],
    ["nobody", { registration: { identities: [] } }],
    ["a TCP probe", { probes: [{ tcpSocket: { port: 5432 } }] }],
    ["a gRPC probe", { probes: [{ grpc: { port: 9000, service: "shop.Orders" } }] }],
    ["a gRPC probe of the whole server", { probes: [{ grpc: { port: 9000 } }] }],
    ["a program as probe", { probes: [{ exec: { command: ["/usr/bin/check", "--fast", "two words", "- x", "true"] } }] }],
  ] as const) {
    it(`that says ${what} is read back as it was`, () => {
      assert.deepEqual(writtenAndRead(read(spec)), read(spec));
    });
  }

  it("is read back as it was, whatever texts it holds", () => {
    const value = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?$/u);
    const probe = fc.record({ exec: fc.record({ command: fc.array(fc.string({ minLength: 1, unit: "binary" }), { minLength: 1, maxLength: 4 }) }) });
    fc.assert(fc.property(value, fc.string({ unit: "binary" }), fc.option(probe), (label, note, some) => {
      const group = read({ probes: some === null ? [] : [some], template: { metadata: { labels: { app: label }, annotations: { note } } } });
      assert.deepEqual(writtenAndRead(group), group);
    }));
  });
});
