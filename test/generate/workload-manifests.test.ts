import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { renderReadyCommand, renderWorkloadManifests, renderYamlStream } from "../../src/generate/workload-manifests.ts";
import type { ExternalWorkload } from "../../src/model/external-workload.ts";
import { crdSchema } from "../support/crd-schemas.ts";

const workload: ExternalWorkload = {
  name: "legacy-app",
  namespace: "mixed-env",
  labels: { app: "legacy-app", location: "vm" },
  identity: "spiffe://root.linkerd.cluster.local/external-workload",
  serverName: "external-workload.cluster.local",
  addresses: ["192.0.2.10", "2001:db8::10"],
  ports: [{ name: "http", port: 80 }, { name: "admin", port: 9000 }],
  inboundPort: 4143,
};
const clients = { clients: ["spiffe://root.linkerd.cluster.local/client", "default.web.serviceaccount.identity.linkerd.cluster.local"] };

function kinds(changed: Partial<ExternalWorkload>): readonly string[] {
  return renderWorkloadManifests({ ...workload, ...changed }, clients).map((manifest) => `${manifest.kind} ${manifest.metadata.name}`);
}

describe("workload manifests", () => {
  it("are the text that a reviewer has seen", () => {
    const text = renderYamlStream(renderWorkloadManifests(workload, clients), renderReadyCommand(workload, new Date("2026-01-02T03:04:05.678Z")));
    assert.equal(text, readFileSync("test/golden/manifests/workload.yaml", "utf8"));
  });

  it("obey the rules of the CRDs, read back from the YAML", () => {
    for (const changed of [{}, { inboundPort: 14_143 }, { ports: [] }, { addresses: ["2001:db8::10"] }]) {
      const text = renderYamlStream(renderWorkloadManifests({ ...workload, ...changed }, { clients: ["*"] }), "true");
      for (const document of parseAllDocuments(text)) assert.doesNotThrow(() => crdSchema.parse(document.toJS()));
    }
  });

  it("publish the proxy's port by Linkerd's name only when it is not Linkerd's own", () => {
    const published = (inboundPort: number): unknown => renderWorkloadManifests({ ...workload, ports: [], inboundPort }, clients)[0]?.spec["ports"];
    assert.deepEqual(published(4143), []);
    assert.deepEqual(published(14_143), [{ port: 14_143, name: "linkerd-proxy", protocol: "TCP" }]);
  });

  it("hold no Service and no policy for a machine that serves nothing", () => {
    assert.deepEqual(kinds({ ports: [] }), ["ExternalWorkload legacy-app"]);
  });

  it("hold a policy for each port", () => {
    assert.deepEqual(kinds({}), [
      "ExternalWorkload legacy-app",
      "Service legacy-app",
      "MeshTLSAuthentication legacy-app-clients",
      "Server legacy-app-http",
      "AuthorizationPolicy legacy-app-http",
      "Server legacy-app-admin",
      "AuthorizationPolicy legacy-app-admin",
    ]);
  });
});
