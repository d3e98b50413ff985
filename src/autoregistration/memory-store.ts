import { randomUUID } from "node:crypto";
import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { LeaseObject, ReadyCondition, StoredWorkload, Versioned, WorkloadObject } from "./objects.ts";
import type { Snapshot, Store, StoreRefusal, Written } from "./store.ts";
import { StoreWatchers } from "./store-watchers.ts";

/** A store that lives as long as the process: for tests and the simulator. */
export class MemoryStore implements Store {
  readonly #workloads = new Map<string, Versioned<StoredWorkload>>();
  readonly #leases = new Map<string, Versioned<LeaseObject>>();
  readonly #watchers = new StoreWatchers();
  readonly #now: () => number;
  // One count for everything: a name that is deleted and made again never has an old version.
  #version = 0;

  /** `now` is the wall clock, milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async list(signal: AbortSignal): Promise<Snapshot> {
    signal.throwIfAborted();
    return { workloads: [...this.#workloads.values()], leases: [...this.#leases.values()] };
  }

  async readWorkload(key: ObjectKey, signal: AbortSignal): Promise<Versioned<StoredWorkload> | undefined> {
    signal.throwIfAborted();
    return this.#workloads.get(renderKey(key));
  }

  async createWorkload(object: WorkloadObject, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    signal.throwIfAborted();
    if (this.#workloads.has(renderKey(object.key))) return { ok: false, refusal: "exists" };
    return this.#put(this.#workloads, object.key, { object, condition: undefined, uid: randomUUID(), createdAt: this.#now() });
  }

  async updateWorkload(object: WorkloadObject, version: string, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    signal.throwIfAborted();
    return this.#replace(this.#workloads, { key: object.key, version }, (before) => ({ ...before, object }));
  }

  async updateCondition(key: ObjectKey, change: { readonly condition: ReadyCondition; readonly version: string }, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    signal.throwIfAborted();
    return this.#replace(this.#workloads, { key, version: change.version }, (before) => ({ ...before, condition: change.condition }));
  }

  async deleteWorkload(key: ObjectKey, version: string, signal: AbortSignal): Promise<StoreRefusal | undefined> {
    signal.throwIfAborted();
    return this.#delete(this.#workloads, key, version);
  }

  async readLease(key: ObjectKey, signal: AbortSignal): Promise<Versioned<LeaseObject> | undefined> {
    signal.throwIfAborted();
    return this.#leases.get(renderKey(key));
  }

  async createLease(lease: LeaseObject, signal: AbortSignal): Promise<Written<LeaseObject>> {
    signal.throwIfAborted();
    if (this.#leases.has(renderKey(lease.key))) return { ok: false, refusal: "exists" };
    return this.#put(this.#leases, lease.key, lease);
  }

  async updateLease(lease: LeaseObject, version: string, signal: AbortSignal): Promise<Written<LeaseObject>> {
    signal.throwIfAborted();
    return this.#replace(this.#leases, { key: lease.key, version }, () => lease);
  }

  async deleteLease(key: ObjectKey, version: string, signal: AbortSignal): Promise<StoreRefusal | undefined> {
    signal.throwIfAborted();
    return this.#delete(this.#leases, key, version);
  }

  watch(signal: AbortSignal): AsyncIterable<ObjectKey> {
    return this.#watchers.watch(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.end();
  }

  #put<T>(kept: Map<string, Versioned<T>>, key: ObjectKey, value: T): Written<T> {
    const stored = { value, version: String((this.#version += 1)) };
    kept.set(renderKey(key), stored);
    this.#watchers.tell(key);
    return { ok: true, stored };
  }

  #replace<T>(kept: Map<string, Versioned<T>>, { key, version }: { readonly key: ObjectKey; readonly version: string }, change: (before: T) => T): Written<T> {
    const before = kept.get(renderKey(key));
    if (before === undefined) return { ok: false, refusal: "absent" };
    return before.version === version ? this.#put(kept, key, change(before.value)) : { ok: false, refusal: "conflict" };
  }

  #delete<T>(kept: Map<string, Versioned<T>>, key: ObjectKey, version: string): StoreRefusal | undefined {
    const before = kept.get(renderKey(key));
    if (before === undefined) return "absent";
    if (before.version !== version) return "conflict";
    kept.delete(renderKey(key));
    this.#watchers.tell(key);
    return undefined;
  }
}
