import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { Applied } from "./apply-writes.ts";
import type { ServerReason } from "./condition.ts";
import type { StoredOwner } from "./judge-register.ts";
import { isLive } from "./lease-life.ts";
import type { LeaseObject, StoredWorkload, Versioned } from "./objects.ts";
import type { Snapshot, Store } from "./store.ts";

/**
 * What is stored, in memory and by address and group: renewals that change nothing are answered from here. It may lag
 * behind the store by the time of a watch; whoever writes by it is refused then, and reads the store itself.
 */
export class Fleet {
  readonly #workloads = new Map<string, Versioned<StoredWorkload>>();
  readonly #leases = new Map<string, Versioned<LeaseObject>>();
  readonly #byAddress = new Map<string, Ids>();
  readonly #byGroup = new Map<string, Ids>();
  #deafAt = -Infinity;
  #isRead = false;
  readonly #listeners = new Set<(key: ObjectKey) => void>();

  workload(key: ObjectKey): Versioned<StoredWorkload> | undefined {
    return this.#workloads.get(renderKey(key));
  }

  lease(key: ObjectKey): Versioned<LeaseObject> | undefined {
    return this.#leases.get(renderKey(key));
  }

  /** Other workloads at any of these addresses. */
  owners(addresses: readonly string[], but: ObjectKey | undefined, now: number): readonly StoredOwner[] {
    const own = but && renderKey(but);
    const at = (address: string): readonly StoredOwner[] => {
      const ids = this.#byAddress.get(address);
      // By far the most: nobody but the caller is there.
      return ids === own ? [] : listIds(ids).filter((id) => id !== own).flatMap((id) => this.#owner(id, address, now));
    };
    return addresses.flatMap(at);
  }

  /** How many machines of a group live, without the one of that name. */
  others(group: ObjectKey, but: ObjectKey | undefined, now: number): number {
    const ids = listIds(this.#byGroup.get(renderKey(group))).filter((id) => but === undefined || id !== renderKey(but));
    return ids.filter((id) => this.#isLive(id, now)).length;
  }

  snapshot(): Snapshot {
    return { workloads: [...this.#workloads.values()], leases: [...this.#leases.values()] };
  }

  /** False until everything that is stored has been read once: an empty fleet then says nothing. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** When a call last could not be stored, monotonic milliseconds: whoever called then was not heard. */
  get deafAt(): number {
    return this.#deafAt;
  }

  /** Takes note that a call could not be stored. */
  noteDeaf(now: number): void {
    this.#deafAt = now;
  }

  /** Takes note of what was written or read. */
  note(applied: readonly Applied[]): void {
    for (const one of applied) {
      const id = renderKey(one.key);
      const held = (one.kind === "workload" ? this.#workloads : this.#leases).get(id);
      // What this server wrote comes again by the watch.
      if (held?.version === one.stored?.version) continue;
      if (one.kind === "workload") this.#setWorkload(id, one.stored);
      else if (one.stored === undefined) this.#leases.delete(id);
      else this.#leases.set(id, one.stored);
      this.#tell(one.key);
    }
  }

  /** Calls with the key of whatever was noted, until disposed; nothing may be awaited in it. */
  listen(heard: (key: ObjectKey) => void): Disposable {
    // An own function each time, so that one caller may listen twice.
    const listener = (key: ObjectKey): void => heard(key);
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Reads one workload and its lease from the store. */
  async refresh(store: Store, key: ObjectKey, signal: AbortSignal): Promise<void> {
    const [workload, lease] = await Promise.all([store.readWorkload(key, signal), store.readLease(key, signal)]);
    this.note([{ kind: "workload", key, stored: workload }, { kind: "lease", key, stored: lease }]);
  }

  /** Reads everything, calls `loaded`, and follows the store until the signal. */
  async follow(store: Store, loaded: () => void, signal: AbortSignal): Promise<void> {
    // Watched before it is listed, so that nothing is missed in between.
    const changed = store.watch(signal);
    const { workloads, leases } = await store.list(signal);
    this.#clear();
    this.note(workloads.map((stored) => ({ kind: "workload", key: stored.value.object.key, stored })));
    this.note(leases.map((stored) => ({ kind: "lease", key: stored.value.key, stored })));
    this.#isRead = true;
    loaded();
    for await (const key of changed) await this.refresh(store, key, signal);
  }

  #clear(): void {
    const keys = [...[...this.#workloads.values()].map(({ value }) => value.object.key), ...[...this.#leases.values()].map(({ value }) => value.key)];
    for (const id of this.#workloads.keys()) this.#setWorkload(id, undefined);
    this.#leases.clear();
    for (const key of keys) this.#tell(key);
  }

  #tell(key: ObjectKey): void {
    for (const listener of this.#listeners) listener(key);
  }

  #owner(id: string, address: string, now: number): readonly StoredOwner[] {
    const workload = this.#workloads.get(id);
    if (workload === undefined) return [];
    // Who is refused holds no address, or two that claim one would keep each other out for ever.
    const admitted = workload.value.condition?.reason !== ("NotAdmitted" satisfies ServerReason);
    return [{ address, workload, lease: this.#leases.get(id), live: admitted && this.#isLive(id, now) }];
  }

  // One without a lease is just being registered, or an orphan: dead once its time is over.
  #isLive(id: string, now: number): boolean {
    const lease = this.#leases.get(id);
    if (lease !== undefined) return isLive(lease.value, now);
    const workload = this.#workloads.get(id);
    return workload !== undefined && now - workload.value.createdAt < orphanLife;
  }

  #setWorkload(id: string, stored: Versioned<StoredWorkload> | undefined): void {
    const before = this.#workloads.get(id)?.value.object;
    const now = stored?.value.object;
    // Most changes move nothing, and leave the list of addresses as it is.
    if (stored !== undefined && now?.addresses === before?.addresses && now?.group === before?.group) {
      this.#workloads.set(id, stored);
      return;
    }
    for (const [index, key] of before ? this.#indexed(before) : []) remove(index, key, id);
    if (stored === undefined) this.#workloads.delete(id);
    else this.#workloads.set(id, stored);
    for (const [index, key] of stored ? this.#indexed(stored.value.object) : []) add(index, key, id);
  }

  #indexed(object: StoredWorkload["object"]): readonly (readonly [Map<string, Ids>, string])[] {
    const group = renderKey({ namespace: object.key.namespace, name: object.group });
    return [[this.#byGroup, group], ...object.addresses.map((address) => [this.#byAddress, address] as const)];
  }
}

const orphanLife = 60_000;

/** Workloads at a place. One alone, as there is at nearly every address, needs no set of its own. */
type Ids = string | Set<string>;

function listIds(ids: Ids | undefined): readonly string[] {
  if (ids === undefined) return [];
  return typeof ids === "string" ? [ids] : [...ids];
}

function add(index: Map<string, Ids>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) index.set(key, id);
  else if (typeof ids === "string") index.set(key, new Set([ids, id]));
  else ids.add(id);
}

function remove(index: Map<string, Ids>, key: string, id: string): void {
  const ids = index.get(key);
  if (typeof ids === "object") ids.delete(id);
  if (ids === id || (typeof ids === "object" && ids.size === 0)) index.delete(key);
}
