import type { GroupPort, ObjectKey } from "../model/external-group.ts";

/** Why a workload is ready or not: reason in CamelCase, as Kubernetes demands; `since` is the last change of `ready`, ISO 8601. */
export interface ReadyCondition {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  readonly since: string;
}

/** What a machine says of itself; for readers only, nothing is decided by it. */
export interface MachineFacts {
  readonly os: string;
  readonly hostname: string;
  readonly zone: string;
  readonly harnessVersion: string;
  readonly proxyVersion: string;
}

/** What a machine is in the cluster: the ExternalWorkload that consumers read. Written only when one of its fields changes. */
export interface WorkloadObject {
  readonly key: ObjectKey;
  readonly group: string;
  /** SPIFFE id that registered it; nobody else may ever touch it. */
  readonly identity: string;
  readonly serverName: string;
  readonly instanceId: string;
  /** The group's labels and the machine's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the machine set by itself, kept apart so that a group edit can be laid under it. */
  readonly machineLabels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** Port of the machine's proxy; published as port `linkerd-proxy` when it is not Linkerd's own. */
  readonly inboundPort: number;
  readonly ports: readonly GroupPort[];
  /** Written along with another change only: an update for its sake would wake every consumer. */
  readonly facts: MachineFacts;
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
  /** Sequence number of the health report that was last stored. */
  readonly healthSeq: number;
  /** When two living processes last proved to share the instance: until they are quiet, neither is ready. */
  readonly duplicateAt?: number;
  /** When the machine said that it leaves, milliseconds. */
  readonly drainingSince?: number;
  /** The machine asked to be deleted once it has drained. */
  readonly leaving?: boolean;
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
