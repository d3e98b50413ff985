import assert from "node:assert/strict";
import type { WorkloadEntry } from "../../src/registration/directory.ts";
import { findAccess, findService, findTarget, type Cluster } from "../../src/simulator/cluster.ts";
import { joinMachines, parseRegistered, type KnownMachine } from "../../src/simulator/registered-cluster.ts";

const entry: WorkloadEntry = {
  namespace: "shop", name: "orders-1a2b3c4d", uid: "u", group: "orders", identity: "spiffe://mesh.test/vm/1", serverName: "orders-1a2b3c4d.shop.external.identity.linkerd.cluster.local",
  instanceId: "i", addresses: ["10.0.0.2", "fd00::2"], inboundPort: 4143, ports: [{ name: "dns", port: 53, protocol: "UDP" }, { name: "http", port: 9000, protocol: "TCP" }], labels: {},
  createdAt: "2026-01-01T00:00:00Z", ready: true, reason: "Ready", message: "", lease: { state: "live" },
  machine: { os: "linux", hostname: "vm", zone: "", harnessVersion: "1", proxyVersion: "2" },
};
const empty: Cluster = { domain: "cluster.local", services: [], workloads: [] };
const service = { ip: "10.1.0.2", port: 80 };

function known(change: Partial<WorkloadEntry> = {}): KnownMachine {
  const machine = parseRegistered({ ...entry, ...change }, 8080);
  assert.ok(machine !== undefined);
  return machine;
}

describe("simulator: registered machines", () => {
  it("are reached at their first address, and the application at the group's first TCP port", () => {
    const { ip, port, inboundPort, identity, serverName } = known();
    assert.deepEqual({ ip, port, inboundPort, identity, serverName }, { ip: "10.0.0.2", port: 9000, inboundPort: 4143, identity: entry.identity, serverName: entry.serverName });
  });

  it("are reached at the usual ports where nothing is said", () => {
    const { port, inboundPort } = known({ ports: [], inboundPort: 0 });
    assert.deepEqual([port, inboundPort], [8080, 4143]);
  });

  it("that have no address are none", () => assert.equal(parseRegistered({ ...entry, addresses: [] }, 8080), undefined));

  it("are endpoints of one Service while they are ready, each with its identity", () => {
    const cluster = joinMachines(empty, [known(), known({ name: "orders-2", addresses: ["10.0.0.3"], ready: false })], { service, access: "mesh" });
    const authority = "machines.mixed-env.svc.cluster.local:80";
    assert.deepEqual(findTarget(cluster, service), { kind: "service", authority });
    assert.deepEqual(findService(cluster, authority)?.endpoints, [{ ip: "10.0.0.2", port: 9000, identity: entry.identity, serverName: entry.serverName, inboundPort: 4143, http2: true }]);
    assert.equal(findTarget(cluster, { ip: "10.0.0.3", port: 9000 }), undefined);
  });

  it("have policies, ready or not", () => {
    const cluster = joinMachines(empty, [known({ ready: false })], { service, access: ["client.test"] });
    const token = JSON.stringify({ ns: "shop", external_workload: entry.name });
    assert.deepEqual([9000, 22].map((port) => findAccess(cluster, token, port)), [["client.test"], "all"]);
  });

  it("leave a Service without endpoints when there is none", () => {
    assert.deepEqual(joinMachines(empty, [], { service, access: "all" }).services.map(({ endpoints }) => endpoints), [[]]);
  });
});
