import { renderKey, type ExternalGroup, type ObjectKey } from "../model/external-group.ts";
import { judgeFate, leastWatch, type Fate, type Now, type Place } from "./judge-fate.ts";
import { freshBreaker, isSuspended, judgeMassExpiry, type BreakerMemory, type Tripped } from "./judge-mass-expiry.ts";
import type { LeaseObject, StoredWorkload, Versioned } from "./objects.ts";
import { takeToken, type Bucket, type Rate } from "./token-bucket.ts";
import type { Write } from "./writes.ts";

/** Everything that decides; the groups by `namespace/name`, and only once all of them have been read. */
export interface ReconcileInput {
  readonly groups: ReadonlyMap<string, ExternalGroup>;
  readonly workloads: readonly Versioned<StoredWorkload>[];
  readonly leases: readonly Versioned<LeaseObject>[];
  readonly now: Now;
  /** When a machine's call last could not be stored, monotonic milliseconds: no silence is counted from before. */
  readonly deafAt?: number;
}

/** Since when this server sees a workload's lease as it is, and its group missing; monotonic milliseconds. */
interface Sighting {
  readonly version: string | undefined;
  readonly since: number;
  readonly groupMissingSince: number | undefined;
}

/** What one round hands to the next. A new leader begins with `freshMemory`, and so waits a lease before it expires anybody. */
export interface ReconcileMemory {
  readonly sightings: ReadonlyMap<string, Sighting>;
  readonly breaker: BreakerMemory;
  readonly deletes: Bucket | undefined;
}

/** One thing to do, apart from all others: when one of its writes is refused, the next round looks again. */
export interface Change {
  readonly kind: Exclude<Fate["kind"], "keep"> | "stray";
  readonly key: ObjectKey;
  readonly why: string;
  readonly writes: readonly Write[];
}

/** What to do now, most urgent first, and what an operator must hear. */
export interface Reconciled {
  readonly changes: readonly Change[];
  readonly tripped: readonly Tripped[];
  /** Changes that wait because the breaker is open or enough is deleted at once. */
  readonly held: number;
  readonly memory: ReconcileMemory;
}

/** The memory of a server that has just become the leader. */
export const freshMemory: ReconcileMemory = { sightings: new Map(), breaker: freshBreaker, deletes: undefined };

/** A round every so often, milliseconds. */
export const reconcileInterval = 5000;

// Older destinations do not take a storm of deletions well.
const deleteRate: Rate = { perSecond: 5, burst: 25 };

/** What groups, workloads, leases and time ask for: expiry and deletion of silent machines, group edits, orphans. */
export function reconcile(input: ReconcileInput, memory: ReconcileMemory): Reconciled {
  const steps = reconcileInSteps(input, memory);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/**
 * The same in steps, so that calls can be answered in between. What they change meanwhile the next round sees: each write
 * names the version that it was decided on.
 */
export function* reconcileInSteps(input: ReconcileInput, memory: ReconcileMemory): Generator<void, Reconciled, void> {
  const leases = new Map(input.leases.map((lease) => [renderKey(lease.value.key), lease]));
  const seen: Seen[] = [];
  for (const workload of input.workloads) {
    seen.push(look({ workload, leases }, input, memory));
    if (seen.length % workloadsInOneStep === 0) yield;
  }
  return settle({ seen, leases }, input, memory);
}

const workloadsInOneStep = 1000;

function settle({ seen, leases }: { readonly seen: readonly Seen[]; readonly leases: Leases }, input: ReconcileInput, memory: ReconcileMemory): Reconciled {
  const strays = listStrays({ seen, leases }, input, memory);
  const breaker = judgeMassExpiry({ ...countLeases(seen), silent: seen.filter(isUnexpectedlySilent), now: input.now.monotonic }, memory.breaker);
  const allowed = seen.filter(({ id, group, fate, draining }) => (fate.kind === "expire" ? draining || breaker.expire.has(id) : !(fate.kind === "delete" && isSuspended(breaker.memory.suspensions, group, input.now.monotonic))));
  const wanted = [...allowed.filter(({ fate }) => fate.kind !== "keep").map(toChange), ...strays.changes];
  const { changes, deletes } = limitDeletes(wanted.toSorted((a, b) => urgency[a.kind] - urgency[b.kind]), memory.deletes, input.now.monotonic);
  const sightings = new Map(strays.sightings);
  for (const { id, sighting } of seen) sightings.set(id, sighting);
  const held = seen.length - allowed.length + wanted.length - changes.length;
  return { changes, tripped: breaker.tripped, held, memory: { sightings, breaker: breaker.memory, deletes } };
}

/** A change as one line. */
export function renderChange({ kind, key, why }: Change): string {
  return `${kind} ${renderKey(key)}: ${why}`;
}

const urgency: Readonly<Record<Change["kind"], number>> = { expire: 0, mark: 1, edit: 2, delete: 3, stray: 4 };

interface Seen {
  readonly id: string;
  /** The group's key as text. */
  readonly group: string;
  readonly key: ObjectKey;
  readonly lease: LeaseObject | undefined;
  readonly draining: boolean;
  readonly sighting: Sighting;
  readonly fate: Fate;
}

type Leases = ReadonlyMap<string, Versioned<LeaseObject>>;

function look({ workload, leases }: { readonly workload: Versioned<StoredWorkload>; readonly leases: Leases }, { groups, now, deafAt = -Infinity }: ReconcileInput, { sightings }: ReconcileMemory): Seen {
  const { key, group } = workload.value.object;
  const id = renderKey(key);
  const lease = leases.get(id);
  const groupId = renderKey({ namespace: key.namespace, name: group });
  const sighting = sight(sightings.get(id), { version: lease?.version, groupMissing: !groups.has(groupId) }, now.monotonic);
  const place: Place = {
    workload,
    lease,
    group: groups.get(groupId),
    unchangedFor: now.monotonic - Math.max(sighting.since, deafAt),
    groupMissingFor: now.monotonic - (sighting.groupMissingSince ?? now.monotonic),
  };
  return { id, group: groupId, key, lease: lease?.value, draining: lease?.value.drainingSince !== undefined, sighting, fate: judgeFate(place, now) };
}

function sight(before: Sighting | undefined, { version, groupMissing }: { readonly version: string | undefined; readonly groupMissing: boolean }, now: number): Sighting {
  const groupMissingSince = groupMissing ? (before?.groupMissingSince ?? now) : undefined;
  const since = before?.version === version ? (before?.since ?? now) : now;
  if (before?.since === since && before.version === version && before.groupMissingSince === groupMissingSince) return before;
  return { version, since, groupMissingSince };
}

// A machine that said that it leaves is expected to be silent.
function isUnexpectedlySilent({ fate, draining }: Seen): boolean {
  return fate.kind === "expire" && !draining;
}

function countLeases(seen: readonly Seen[]): { readonly counts: ReadonlyMap<string, number>; readonly window: number } {
  const counts = new Map<string, number>();
  let window = 0;
  for (const { group, lease, draining } of seen) {
    if (lease === undefined || draining || lease.expiredAt !== undefined) continue;
    counts.set(group, (counts.get(group) ?? 0) + 1);
    window = Math.max(window, lease.duration);
  }
  return { counts, window };
}

/** Leases whose workload somebody deleted; a machine that is just registering makes the workload first. */
function listStrays({ seen, leases }: { readonly seen: readonly Seen[]; readonly leases: Leases }, { now }: ReconcileInput, { sightings }: ReconcileMemory): { readonly changes: readonly Change[]; readonly sightings: readonly (readonly [string, Sighting])[] } {
  // Nearly always: every lease has its workload.
  if (seen.filter(({ lease }) => lease !== undefined).length === leases.size) return { changes: [], sightings: [] };
  const held = new Set(seen.map(({ id }) => id));
  const strays = [...leases].filter(([id]) => !held.has(id)).map(([id, lease]) => ({ id, lease, sighting: sight(sightings.get(id), { version: lease.version, groupMissing: false }, now.monotonic) }));
  const old = strays.filter(({ sighting }) => now.monotonic - sighting.since >= leastWatch);
  return {
    changes: old.map(({ lease }) => ({ kind: "stray", key: lease.value.key, why: "its workload is gone", writes: [{ kind: "delete-lease", key: lease.value.key, version: lease.version }] })),
    sightings: strays.map(({ id, sighting }) => [id, sighting]),
  };
}

function toChange({ key, fate }: Seen): Change {
  if (fate.kind === "keep") throw new RangeError("a workload that is kept is no change");
  return { kind: fate.kind, key, why: fate.why, writes: fate.writes };
}

function limitDeletes(wanted: readonly Change[], deletes: Bucket | undefined, now: number): { readonly changes: readonly Change[]; readonly deletes: Bucket | undefined } {
  let bucket = deletes;
  const changes = wanted.filter(({ kind }) => {
    if (kind !== "delete") return true;
    const take = takeToken(bucket, deleteRate, now);
    ({ bucket } = take);
    return take.wait === 0;
  });
  return { changes, deletes: bucket };
}
