import type { HealthReport, Incarnation, RegisterCall, RenewCall } from "../../src/autoregistration/calls.ts";
import type { LeaseObject, ReadyCondition, StoredWorkload, Versioned, WorkloadObject } from "../../src/autoregistration/objects.ts";
import { renderWrite, type Verdict } from "../../src/autoregistration/writes.ts";
import { leaseDefaults, type ExternalGroup } from "../../src/model/external-group.ts";

/** The machine's identity in all samples. */
export const identity = "spiffe://td/vm/orders";

/** Server's wall clock in all samples: 2026-01-02T03:04:05Z. */
export const now = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A group that lets the sample machine in. */
export function group(change: Partial<ExternalGroup> = {}): ExternalGroup {
  return {
    key: { namespace: "shop", name: "orders" },
    admission: { identities: ["spiffe://td/vm/*"], allowedCidrs: [], allowedLabels: ["tier"], maxWorkloads: undefined },
    lease: leaseDefaults,
    onDeregister: "Delete",
    probe: undefined,
    labels: { app: "orders" },
    annotations: {},
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    proxy: {},
    ...change,
  };
}

/** A process of the sample machine. */
export function incarnation(change: Partial<Incarnation> = {}): Incarnation {
  return { instanceId: "instance", incarnationId: "life-3", epoch: 3, ...change };
}

/** What the sample machine says of its health. */
export function health(change: Partial<HealthReport> = {}): HealthReport {
  return { state: "NotReady", seq: 7, reason: "", message: "", ...change };
}

/** The sample machine registers. */
export function registerCall(change: Partial<RegisterCall> = {}): RegisterCall {
  return {
    identity,
    group: { namespace: "shop", name: "orders" },
    incarnation: incarnation(),
    addresses: ["10.0.0.5"],
    inboundPort: 4143,
    labels: {},
    facts: { os: "linux", hostname: "vm5", zone: "", harnessVersion: "1", proxyVersion: "2" },
    health: health({ seq: 1 }),
    ...change,
  };
}

/** The sample machine renews. */
export function renewCall(change: Partial<RenewCall> = {}): RenewCall {
  return { identity, key: { namespace: "shop", name: "orders-1" }, token: "", incarnation: incarnation(), addresses: ["10.0.0.5"], configVersion: "c1", health: health(), ...change };
}

/** The sample machine's object. */
export function object(change: Partial<WorkloadObject> = {}): WorkloadObject {
  return {
    key: { namespace: "shop", name: "orders-1" },
    group: "orders",
    identity,
    serverName: "orders-1.shop.external.identity.linkerd.cluster.local",
    instanceId: "instance",
    labels: { app: "orders" },
    machineLabels: {},
    annotations: {},
    addresses: ["10.0.0.5"],
    inboundPort: 4143,
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    facts: { os: "linux", hostname: "vm5", zone: "", harnessVersion: "1", proxyVersion: "2" },
    ...change,
  };
}

/** The sample machine's object as stored, ready for a minute. */
export function workload(change: Partial<WorkloadObject> = {}, status: Partial<StoredWorkload> = {}): StoredWorkload {
  return { object: object(change), condition: condition(), uid: "u1", createdAt: now - 60_000, ...status };
}

/** A condition: ready for a minute. */
export function condition(change: Partial<ReadyCondition> = {}): ReadyCondition {
  return { ready: true, reason: "Ready", message: "", since: new Date(now - 60_000).toISOString(), ...change };
}

/** The sample machine's lease, renewed five seconds ago. */
export function lease(change: Partial<LeaseObject> = {}): LeaseObject {
  return { key: { namespace: "shop", name: "orders-1" }, incarnationId: "life-3", epoch: 3, renewedAt: now - 5000, duration: 40_000, registeredAt: now - 60_000, healthSeq: 5, ...change };
}

/** A stored value at version 1. */
export function stored<T>(value: T, version = "1"): Versioned<T> {
  return { value, version };
}

/** A verdict as text: what the caller is told, then each write on a line of its own. */
export function renderVerdict<T>(verdict: Verdict<T>): string {
  const head = verdict.kind === "accepted" ? "accepted" : verdict.refusal.reason;
  return [head, ...verdict.writes.map(renderWrite)].join("; ").replaceAll("shop/orders-1", "it");
}
