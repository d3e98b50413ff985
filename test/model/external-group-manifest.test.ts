import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { parseGroupManifest } from "../../src/model/external-group-manifest.ts";

// The manifest of Buoyant's installation guide, with its placeholders filled in and its indentation restored.
const buoyants = `
apiVersion: workload.buoyant.io/v1alpha1
kind: ExternalGroup
metadata:
  name: orders
  namespace: shop
spec:
  probes:
  - failureThreshold: 3
    httpGet:
      path: /ready
      port: 4192
      scheme: HTTP
      host: 127.0.0.1
    initialDelaySeconds: 5
    periodSeconds: 10
    successThreshold: 1
    timeoutSeconds: 2
  template:
    metadata:
      labels:
        app: orders
    ports:
    - port: 8080
      name: http
`;

const ours = `
apiVersion: registration.linkerd-mesh.io/v1alpha1
kind: ExternalGroup
metadata: { name: orders, namespace: shop, uid: abc, resourceVersion: "7" }
spec:
  probes: [{ tcpSocket: { port: 5432 } }]
  registration:
    identities: ["spiffe://TD/vm/*", spiffe://td/one]
    allowedCIDRs: [10.0.0.0/8, fd00::/8]
    allowedLabels: [tier, example.com/rack]
    maxWorkloads: 3
    renewSeconds: 5
    leaseSeconds: 15
    deregisterAfterSeconds: 0
    drainSeconds: 30
    onDeregister: KeepNotReady
  proxy: { clusterDomain: Mesh.Example, destinationAddr: "10.0.0.9:8086", clusterNetworks: "10.2.0.0/16,10.1.0.0/16" }
  template:
    metadata: { labels: { app: orders }, annotations: { example.com/team: "a b c" } }
    ports: [{ name: http, port: 1 }, { name: dns, port: 65535, protocol: UDP }]
`;

type Path = readonly (string | number)[];
const registration = (field: string): Path => ["spec", "registration", field];
const probe = (field: string): Path => ["spec", "probes", 0, field];
const template = (...path: Path): Path => ["spec", "template", ...path];
const nothing = Symbol("left out");

// Where, what, and how the problem begins.
const bad: readonly (readonly [Path, unknown, string])[] = [
  [["apiVersion"], "workload.buoyant.io/v1", "apiVersion: "],
  [["kind"], "WorkloadGroup", "kind: "],
  [["metadata"], nothing, "metadata: "],
  [["metadata", "name"], "Orders", "metadata.name: is not a DNS label"],
  [["metadata", "name"], "a".repeat(64), "metadata.name: is not a DNS label"],
  [["metadata", "namespace"], "a.b", "metadata.namespace: is not a DNS label"],
  [["spec"], nothing, "spec: "],
  [["spec", "unknown"], 1, "spec: Unrecognized key"],
  [["spec", "probes"], [{ grpc: { port: 1 } }, { grpc: { port: 1 } }], "spec.probes: "],
  [["spec", "probes", 0], {}, "spec.probes.0: needs exactly one of"],
  [["spec", "probes", 0], { grpc: { port: 1 }, exec: { command: ["a"] } }, "spec.probes.0: needs exactly one of"],
  [["spec", "probes", 0], { exec: { command: [] } }, "spec.probes.0.exec.command: "],
  [["spec", "probes", 0], { httpGet: { port: 1, path: "ready" } }, "spec.probes.0.httpGet.path: "],
  [["spec", "probes", 0], { httpGet: { port: 1, scheme: "http" } }, "spec.probes.0.httpGet.scheme: "],
  [["spec", "probes", 0], { httpGet: { port: 1, httpHeaders: [{ name: "a b", value: "" }] } }, "spec.probes.0.httpGet.httpHeaders.0.name: "],
  [["spec", "probes", 0], { httpGet: { port: 1, httpHeaders: [{ name: "a", value: "b\r\nc: d" }] } }, "spec.probes.0.httpGet.httpHeaders.0.value: "],
  [probe("tcpSocket"), { port: 0 }, "spec.probes.0.tcpSocket.port: "],
  [probe("tcpSocket"), { port: 65_536 }, "spec.probes.0.tcpSocket.port: "],
  [probe("initialDelaySeconds"), -1, "spec.probes.0.initialDelaySeconds: "],
  [probe("periodSeconds"), 0, "spec.probes.0.periodSeconds: "],
  [probe("timeoutSeconds"), 1.5, "spec.probes.0.timeoutSeconds: "],
  [probe("successThreshold"), 0, "spec.probes.0.successThreshold: "],
  [probe("failureThreshold"), 1001, "spec.probes.0.failureThreshold: "],
  [registration("identities"), ["spiffe://td"], "spec.registration.identities.0: "],
  [registration("identities"), ["spiffe://td/a,spiffe://td/b"], "spec.registration.identities.0: is not one SPIFFE ID"],
  [registration("identities"), ["spiffe://td/*/b"], "spec.registration.identities.0: "],
  [registration("allowedCIDRs"), ["10.0.0.1/8"], "spec.registration.allowedCIDRs.0: "],
  [registration("allowedLabels"), ["a b"], "spec.registration.allowedLabels.0: is no label key"],
  [registration("allowedLabels"), ["registration.linkerd-mesh.io/group"], "spec.registration.allowedLabels.0: belongs to"],
  [registration("maxWorkloads"), 0, "spec.registration.maxWorkloads: "],
  [registration("renewSeconds"), 4, "spec.registration.renewSeconds: "],
  [registration("leaseSeconds"), 14, "spec.registration.leaseSeconds: "],
  [registration("renewSeconds"), 8, "spec.registration.leaseSeconds: is shorter than two renewals"],
  [registration("deregisterAfterSeconds"), 59, "spec.registration.deregisterAfterSeconds: "],
  [registration("drainSeconds"), 9, "spec.registration.drainSeconds: "],
  [registration("onDeregister"), "Keep", "spec.registration.onDeregister: "],
  [["spec", "proxy", "clusterDomain"], "under_score", "spec.proxy.clusterDomain: "],
  [["spec", "proxy", "destinationAddr"], "no-port", "spec.proxy.destinationAddr: "],
  [["spec", "proxy", "defaultInboundPolicy"], "allow", "spec.proxy.defaultInboundPolicy: "],
  [["spec", "proxy", "LD_PRELOAD"], "evil.so", "spec.proxy: Unrecognized key"],
  [template("metadata", "labels"), { "a b": "c" }, "spec.template.metadata.labels.a b: "],
  [template("metadata", "labels"), { a: "b c" }, "spec.template.metadata.labels.a: is no label value"],
  [template("metadata", "labels"), { "registration.linkerd-mesh.io/group": "b" }, "spec.template.metadata.labels.registration.linkerd-mesh.io/group: "],
  [template("metadata", "annotations"), { a: 1 }, "spec.template.metadata.annotations.a: "],
  [template("ports", 0, "name"), "linkerd-proxy", "spec.template.ports.0.name: is taken"],
  [template("ports", 0, "name"), "80", "spec.template.ports.0.name: is no port name"],
  [template("ports", 0, "name"), "a-name-too-long-x", "spec.template.ports.0.name: is no port name"],
  [template("ports", 0, "name"), "a--b", "spec.template.ports.0.name: is no port name"],
  [template("ports", 0, "name"), "dns", "spec.template.ports: names a port twice"],
  [template("ports", 0, "port"), 0, "spec.template.ports.0.port: "],
  [template("ports", 0, "protocol"), "SCTP", "spec.template.ports.0.protocol: "],
];

describe("parseGroupManifest", () => {
  it("reads Buoyant's manifest as it stands, with every default that it leaves open", () => {
    const parsed = parseGroupManifest(parse(buoyants));
    assert.deepEqual(parsed, {
      ok: true,
      group: {
        key: { namespace: "shop", name: "orders" },
        admission: { identities: undefined, allowedCidrs: [], allowedLabels: [], maxWorkloads: undefined },
        lease: { renewInterval: 10_000, duration: 40_000, deregisterAfter: 600_000, drain: 10_000 },
        onDeregister: "Delete",
        probe: {
          action: { kind: "httpGet", host: "127.0.0.1", path: "/ready", port: 4192, scheme: "HTTP", headers: {} },
          initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 3,
        },
        labels: { app: "orders" },
        annotations: {},
        ports: [{ port: 8080, name: "http", protocol: "TCP" }],
        proxy: {},
      },
    });
  });

  it("reads ours, at the limits of its numbers and in canonical form", () => {
    const parsed = parseGroupManifest(parse(ours));
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual(parsed.group.admission, {
      identities: ["spiffe://td/vm/*", "spiffe://td/one"],
      allowedCidrs: [{ family: 4, address: "10.0.0.0", prefix: 8 }, { family: 6, address: "fd00::", prefix: 8 }],
      allowedLabels: ["tier", "example.com/rack"],
      maxWorkloads: 3,
    });
    assert.deepEqual(parsed.group.lease, { renewInterval: 5000, duration: 15_000, deregisterAfter: 0, drain: 30_000 });
    assert.deepEqual(parsed.group.proxy, { clusterDomain: "mesh.example", destinationAddr: "10.0.0.9:8086", clusterNetworks: "10.1.0.0/16,10.2.0.0/16" });
    assert.deepEqual(parsed.group.probe?.action, { kind: "tcpSocket", host: "127.0.0.1", port: 5432 });
    assert.equal(parsed.group.onDeregister, "KeepNotReady");
  });

  it("reads a group that says nothing", () => {
    const parsed = parseGroupManifest({ apiVersion: "registration.linkerd-mesh.io/v1alpha1", kind: "ExternalGroup", metadata: { name: "a", namespace: "b" }, spec: {} });
    assert.ok(parsed.ok && parsed.group.probe === undefined && parsed.group.ports.length === 0);
  });

  for (const [path, value, problem] of bad) {
    it(`refuses ${path.join(".")} = ${value === nothing ? "nothing" : JSON.stringify(value)}`, () => {
      const parsed = parseGroupManifest(withValue(parse(ours), path, value));
      assert.ok(!parsed.ok);
      assert.ok(parsed.problems.some((found) => found.startsWith(problem)), `wanted '${problem}', got: ${parsed.problems.join("; ")}`);
    });
  }

  it("names all problems at once", () => {
    const first = withValue(parse(ours), registration("drainSeconds"), 1);
    const parsed = parseGroupManifest(withValue(withValue(first, template("ports", 0, "port"), 0), ["metadata", "name"], "A"));
    assert.deepEqual(!parsed.ok && parsed.problems.map((problem) => problem.split(":")[0]).sort(), ["metadata.name", "spec.registration.drainSeconds", "spec.template.ports.0.port"]);
  });

  it("answers whatever it is given", () => {
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (value) => !parseGroupManifest(value).ok));
    fc.assert(fc.property(fc.constantFrom(...bad.map(([path]) => path)), fc.anything(), (path, value) => typeof parseGroupManifest(withValue(parse(ours), path, value)).ok === "boolean"));
  });
});

function withValue(object: unknown, path: Path, value: unknown): unknown {
  const [field, ...rest] = path;
  if (field === undefined) return value;
  if (Array.isArray(object)) return object.map((item: unknown, index) => (index === field ? withValue(item, rest, value) : item));
  const fields = object as Record<string, unknown>;
  const changed = withValue(fields[field] ?? {}, rest, value);
  const { [field]: _, ...others } = fields;
  return changed === nothing ? others : { ...others, [field]: changed };
}
