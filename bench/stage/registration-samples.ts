import type { ExternalGroup } from "../../src/model/external-group.ts";
import { leaseDefaults } from "../../src/model/external-group.ts";
import type { RegisterResponse, RenewResponse } from "../../src/registration/generated/registration.ts";
import { encodeDuration } from "../../src/registration/messages.ts";

/** The DNS name of the server's certificate. */
export const serverName = "linkerd-mesh-autoregistration.linkerd.serviceaccount.identity.linkerd.cluster.local";

/** The group that all machines of the figures join. */
export const groupKey = { namespace: "shop", name: "orders" };

/** That group, as a user would write it. */
export function makeGroup(change: Partial<ExternalGroup> = {}): ExternalGroup {
  return {
    key: groupKey,
    admission: { identities: ["spiffe://root.linkerd.cluster.local/vm/*"], allowedCidrs: [{ family: 4, address: "10.0.0.0", prefix: 8 }], allowedLabels: ["tier"], maxWorkloads: undefined },
    lease: leaseDefaults,
    onDeregister: "Delete",
    probe: { action: { kind: "httpGet", host: "", port: 8080, path: "/ready", scheme: "HTTP", headers: {} }, initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 },
    labels: { "app": "orders", "app.kubernetes.io/part-of": "shop" },
    annotations: { "owner": "shop@example.org" },
    ports: [{ name: "http", port: 8080, protocol: "TCP" }, { name: "grpc", port: 9090, protocol: "TCP" }],
    proxy: {},
    ...change,
  };
}

const lease = { token: "x".repeat(43), duration: encodeDuration(40_000), renewInterval: encodeDuration(10_000), deregisterAfter: encodeDuration(600_000) };

/** What an empty handler answers to a machine that joins: as long as a real answer. */
export const emptyRegistered: RegisterResponse = {
  workloadName: "orders-0123abcd", workloadNamespace: "shop", workloadUid: "9e107d9d-372b-4826-a1b2-000000000001", identity: "spiffe://root.linkerd.cluster.local/vm/machine-1234",
  serverName: "orders-0123abcd.shop.external.identity.linkerd.cluster.local", lease,
  probe: { kind: { $case: "httpGet", value: { host: "", path: "/ready", port: 8080, scheme: "HTTP", headers: {} } }, initialDelayS: 0, periodS: 10, timeoutS: 1, successThreshold: 1, failureThreshold: 3 },
  ports: [{ name: "http", port: 8080, protocol: "TCP" }, { name: "grpc", port: 9090, protocol: "TCP" }],
  proxy: { clusterDomain: "", destinationAddr: "", destinationName: "", policyAddr: "", policyName: "", clusterNetworks: "", defaultInboundPolicy: "" },
  configVersion: "0123456789abcdef",
};

/** What an empty handler answers to a machine that renews. */
export const emptyRenewed: RenewResponse = { lease, configChanged: false, minNextCall: encodeDuration(1000), healthSeqApplied: 3n };
