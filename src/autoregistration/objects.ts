import type { GroupPort, ObjectKey } from "../model/external-group.ts";

/** Why a workload is ready or not: reason in CamelCase, as Kubernetes demands; `since` is the last change of `ready`, ISO 8601. */
export interface ReadyCondition {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  readonly since: string;
}

/** What a machine is in the cluster: the ExternalWorkload that consumers read. Written only when one of its fields changes. */
export interface WorkloadObject {
  readonly key: ObjectKey;
  readonly group: string;
  /** SPIFFE id that registered it; nobody else may ever touch it. */
  readonly identity: string;
  readonly serverName: string;
  readonly instanceId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** Port of the machine's proxy; published as port `linkerd-proxy` when it is not 4143. */
  readonly inboundPort: number;
  readonly ports: readonly GroupPort[];
}

/** The life of a workload, apart from what consumers read, so that heartbeats wake nobody. */
export interface LeaseObject {
  readonly key: ObjectKey;
  /** The harness process that holds the lease. */
  readonly incarnationId: string;
  readonly epoch: number;
  /** Server's wall clock, milliseconds; written only when older than half the duration. */
  readonly renewedAt: number;
  readonly duration: number;
  /** When this incarnation registered, milliseconds: a call of its predecessor much later proves two living processes. */
  readonly registeredAt: number;
  /** Set when two living processes share the instance: the workload is not ready until one registers under another instance. */
  readonly duplicate: boolean;
  /** When the machine said that it leaves, milliseconds. */
  readonly drainingSince?: number;
  /** When the machine was first seen silent beyond its lease, milliseconds. */
  readonly expiredAt?: number;
}

/** A stored object and the version that a change must name. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: string;
}

/** A workload with its condition, which is written apart from it (a status subresource on Kubernetes). */
export interface StoredWorkload {
  readonly object: WorkloadObject;
  /** Undefined between the creation and the first status: not ready for every consumer. */
  readonly condition: ReadyCondition | undefined;
  readonly uid: string;
  readonly createdAt: number;
}
