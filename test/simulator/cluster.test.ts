import assert from "node:assert/strict";
import type { Access } from "../../src/linkerd/inbound-policy.ts";
import type { MeshedEndpoint } from "../../src/linkerd/outbound-policy.ts";
import { findAccess, findService, findTarget, renderAuthority, type Cluster, type Service } from "../../src/simulator/cluster.ts";

const endpoint: MeshedEndpoint = { ip: "10.0.0.1", port: 8080, identity: "echo.test", serverName: "echo.test", inboundPort: 4143, http2: true };
const echo: Service = { name: "echo", namespace: "apps", address: { ip: "10.1.0.1", port: 80 }, endpoints: [endpoint] };
const cluster: Cluster = {
  domain: "cluster.local",
  services: [echo, { name: "empty", namespace: "apps", address: { ip: "10.1.0.2", port: 80 }, endpoints: [] }],
  workloads: [{ name: "vm", namespace: "apps", address: "10.0.0.2", access: new Map<number, Access>([[8080, ["client"]], [9090, "mesh"]]) }],
};

describe("simulator: cluster", () => {
  it("finds a Service by its address and port, and names it", () => {
    assert.deepEqual(findTarget(cluster, { ip: "10.1.0.1", port: 80 }), { kind: "service", authority: "echo.apps.svc.cluster.local:80" });
    assert.equal(findService(cluster, renderAuthority(cluster, echo)), echo);
  });

  it("finds an endpoint by its own address", () => {
    assert.deepEqual(findTarget(cluster, { ip: "10.0.0.1", port: 8080 }), { kind: "endpoint", endpoint });
  });

  for (const [ip, port] of [["10.1.0.1", 81], ["10.1.0.9", 80], ["10.0.0.1", 4143]] as const) {
    it(`does not know ${ip}:${port}`, () => assert.equal(findTarget(cluster, { ip, port }), undefined));
  }

  for (const authority of ["echo.apps.svc.cluster.local:81", "echo.other.svc.cluster.local:80", "echo.apps.svc.other:80", ""]) {
    it(`has no Service '${authority}'`, () => assert.equal(findService(cluster, authority), undefined));
  }

  it("tells who may connect to a port of the workload of a proxy's token; ports without a rule are open", () => {
    const token = JSON.stringify({ ns: "apps", external_workload: "vm" });
    assert.deepEqual([8080, 9090, 22].map((port) => findAccess(cluster, token, port)), [["client"], "mesh", "all"]);
  });

  for (const token of ["", "null", "7", "{", "apps:vm", '{"ns":"apps"}', '{"ns":"other","external_workload":"vm"}', '{"ns":"apps","external_workload":"other"}']) {
    it(`knows no workload by the token ${token || "(empty)"}`, () => assert.equal(findAccess(cluster, token, 8080), undefined));
  }
});
