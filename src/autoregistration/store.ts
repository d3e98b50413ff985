import type { ObjectKey } from "../model/external-group.ts";
import type { LeaseObject, ReadyCondition, StoredWorkload, Versioned, WorkloadObject } from "./objects.ts";

/** Why a write was not done; reading again and deciding anew is the answer to both of the first two. */
export type StoreRefusal = "conflict" | "exists" | "absent";

/** The outcome of a write: the object as it is now, or why nothing was written. */
export type Written<T> = { readonly ok: true; readonly stored: Versioned<T> } | { readonly ok: false; readonly refusal: StoreRefusal };

/** Everything that is stored, as one consistent view or as near to one as the store can give. */
export interface Snapshot {
  readonly workloads: readonly Versioned<StoredWorkload>[];
  readonly leases: readonly Versioned<LeaseObject>[];
}

/**
 * Where workloads and leases live: memory, a file, or Kubernetes. Each method is one write, atomic by itself; nothing
 * spans two, since Kubernetes has no transactions: every sequence of writes must be safe to break off after any of them.
 * A write of a version that is no longer current is refused as `conflict`. Failures of the medium are thrown as
 * STORE_FAILED. All methods are bounded by `signal`.
 */
export interface Store extends AsyncDisposable {
  list(signal: AbortSignal): Promise<Snapshot>;
  readWorkload(key: ObjectKey, signal: AbortSignal): Promise<Versioned<StoredWorkload> | undefined>;
  /** Makes the workload without a condition. */
  createWorkload(object: WorkloadObject, signal: AbortSignal): Promise<Written<StoredWorkload>>;
  updateWorkload(object: WorkloadObject, version: string, signal: AbortSignal): Promise<Written<StoredWorkload>>;
  updateCondition(key: ObjectKey, change: { readonly condition: ReadyCondition; readonly version: string }, signal: AbortSignal): Promise<Written<StoredWorkload>>;
  deleteWorkload(key: ObjectKey, version: string, signal: AbortSignal): Promise<StoreRefusal | undefined>;
  readLease(key: ObjectKey, signal: AbortSignal): Promise<Versioned<LeaseObject> | undefined>;
  createLease(lease: LeaseObject, signal: AbortSignal): Promise<Written<LeaseObject>>;
  updateLease(lease: LeaseObject, version: string, signal: AbortSignal): Promise<Written<LeaseObject>>;
  deleteLease(key: ObjectKey, version: string, signal: AbortSignal): Promise<StoreRefusal | undefined>;
  /** Keys of what changed, by whoever changed it; loses nothing, may name a key twice. */
  watch(signal: AbortSignal): AsyncIterable<ObjectKey>;
}
