import assert from "node:assert/strict";
import { isMeshError, MeshError } from "../../src/model/errors.ts";
import type { MeshedEndpoint } from "../../src/linkerd/outbound-policy.ts";
import { joinCluster, parseClusterFile } from "../../src/simulator/cluster-file.ts";
import type { Cluster } from "../../src/simulator/cluster.ts";

const echo: MeshedEndpoint = { ip: "10.0.0.1", port: 8080, identity: "echo.test", serverName: "echo.test", inboundPort: 4143, http2: true };
const builtIn: Cluster = { domain: "cluster.local", services: [{ name: "echo", namespace: "apps", address: { ip: "10.1.0.1", port: 80 }, endpoints: [echo] }], workloads: [] };

function join(text: string): Cluster {
  return joinCluster(builtIn, parseClusterFile(text, "cluster.yaml"), echo);
}

describe("simulator: cluster file", () => {
  it("adds Services: of the echo service, of their own endpoints, of none", () => {
    const { services } = join(`services:
  - { name: orders, address: "10.1.0.2:80" }
  - { name: billing, namespace: pay, address: "[fd00::2]:443", endpoints: [{ address: "10.0.0.3:8080", identity: billing.test, http2: false }] }
  - { name: gone, address: "10.1.0.4:80", endpoints: [] }`);
    assert.deepEqual(services, [
      builtIn.services[0],
      { name: "orders", namespace: "mixed-env", address: { ip: "10.1.0.2", port: 80 }, endpoints: [echo] },
      { name: "billing", namespace: "pay", address: { ip: "fd00::2", port: 443 }, endpoints: [{ ip: "10.0.0.3", port: 8080, identity: "billing.test", serverName: "billing.test", inboundPort: 4143, http2: false }] },
      { name: "gone", namespace: "mixed-env", address: { ip: "10.1.0.4", port: 80 }, endpoints: [] },
    ]);
  });

  it("adds workloads with who may call them", () => {
    const { workloads } = join('workloads: [{ name: two, address: 10.0.0.4, access: { "8080": mesh, "9090": [client.test] } }]');
    assert.deepEqual(workloads, [{ name: "two", namespace: "mixed-env", address: "10.0.0.4", access: new Map<number, unknown>([[8080, "mesh"], [9090, ["client.test"]]]) }]);
  });

  it("takes an empty file, and no file at all", () => {
    assert.deepEqual(join(""), builtIn);
    assert.equal(joinCluster(builtIn, undefined, echo), builtIn);
  });

  for (const [what, text, says] of [
    ["no YAML", "services: [", /./u],
    ["an unknown key", "servces: []", /servces/u],
    ["no port", "services: [{ name: a, address: 10.1.0.2 }]", /services\.0\.address/u],
    ["a SPIFFE id without a TLS name", 'services: [{ name: a, address: "10.1.0.2:80", endpoints: [{ address: "10.0.0.3:80", identity: "spiffe://a/b" }] }]', /serverName/u],
    ["a port that is none", "workloads: [{ name: a, address: 10.0.0.3, access: { http: mesh } }]", /access/u],
  ] as const) {
    it(`refuses ${what} and says where`, () => {
      assert.throws(() => join(text), (error) => isMeshError(error, "SIMULATOR_CLUSTER") && error instanceof MeshError && says.test(error.what));
    });
  }
});
