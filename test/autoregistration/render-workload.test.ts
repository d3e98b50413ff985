import assert from "node:assert/strict";
import fc from "fast-check";
import { conditionOfHealth, planCondition } from "../../src/autoregistration/condition.ts";
import { renderExternalWorkload, renderStatus } from "../../src/autoregistration/render-workload.ts";
import { crdSchema, externalWorkloadStatusSchema } from "../support/crd-schemas.ts";
import { condition, now, object } from "./samples.ts";

describe("renderExternalWorkload", () => {
  it("gives what Linkerd's CRD takes, with nothing that it would drop", () => {
    const manifest = renderExternalWorkload(object({ addresses: ["10.0.0.5", "fd00::5"], machineLabels: { tier: "db" }, labels: { app: "orders", tier: "db" }, annotations: { "example.com/team": "a b" } }));
    assert.deepEqual(crdSchema.parse(manifest), manifest);
    assert.deepEqual(manifest, {
      apiVersion: "workload.linkerd.io/v1beta1",
      kind: "ExternalWorkload",
      metadata: {
        name: "orders-1",
        namespace: "shop",
        labels: { app: "orders", tier: "db", "registration.linkerd-mesh.io/group": "orders", "registration.linkerd-mesh.io/managed-by": "autoregister" },
        annotations: {
          "example.com/team": "a b",
          "registration.linkerd-mesh.io/os": "linux",
          "registration.linkerd-mesh.io/hostname": "vm5",
          "registration.linkerd-mesh.io/harness-version": "1",
          "registration.linkerd-mesh.io/proxy-version": "2",
          "registration.linkerd-mesh.io/instance-id": "instance",
          "registration.linkerd-mesh.io/machine-labels": '{"tier":"db"}',
        },
      },
      spec: {
        meshTLS: { identity: "spiffe://td/vm/orders", serverName: "orders-1.shop.external.identity.linkerd.cluster.local" },
        workloadIPs: [{ ip: "10.0.0.5" }, { ip: "fd00::5" }],
        ports: [{ port: 8080, name: "http", protocol: "TCP" }],
      },
    });
  });

  it("publishes the proxy's port where it is not Linkerd's own", () => {
    assert.deepEqual(renderExternalWorkload(object({ inboundPort: 5143 })).spec.ports, [{ port: 8080, name: "http", protocol: "TCP" }, { port: 5143, name: "linkerd-proxy", protocol: "TCP" }]);
  });
});

describe("renderStatus", () => {
  it("gives a status that the CRD takes, whatever a machine says of its health", () => {
    fc.assert(fc.property(fc.constantFrom("Ready", "NotReady", "Draining"), fc.string({ unit: "binary" }), fc.string({ unit: "binary", maxLength: 3000 }), (state, reason, message) => {
      const planned = planCondition(undefined, conditionOfHealth({ state, reason, message, seq: 1 }), now);
      assert.ok(planned);
      const status = renderStatus(planned);
      assert.deepEqual(externalWorkloadStatusSchema.parse(status), status);
      assert.equal(status.conditions[0]?.status, state === "Ready" ? "True" : "False");
    }));
  });

  it("tells since when, to the second, as Kubernetes does", () => {
    assert.equal(renderStatus(condition({ since: "2026-01-02T03:04:05.678Z" })).conditions[0]?.lastTransitionTime, "2026-01-02T03:04:05Z");
  });
});
