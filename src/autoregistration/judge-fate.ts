import { leaseDefaults, type ExternalGroup } from "../model/external-group.ts";
import { notReady, type ServerReason } from "./condition.ts";
import { silenceLimit } from "./lease-life.ts";
import type { LeaseObject, StoredWorkload, Versioned, WorkloadObject } from "./objects.ts";
import { listGroupFields, withGroup } from "./workload-object.ts";
import { planDelete, planStatus, type Write } from "./writes.ts";

/** Both clocks of the server, milliseconds. Spans are measured by the second, which nobody can set. */
export interface Now {
  readonly wall: number;
  readonly monotonic: number;
}

/** A workload, what belongs to it, and for how long this server has seen it so (monotonic milliseconds). */
export interface Place {
  readonly workload: Versioned<StoredWorkload>;
  readonly lease: Versioned<LeaseObject> | undefined;
  readonly group: ExternalGroup | undefined;
  /** Since the lease was last seen to change, or to appear or go. */
  readonly unchangedFor: number;
  /** Since the group was first missed; 0 while it is there. */
  readonly groupMissingFor: number;
}

/** What shall be done about a workload. `expire` and `delete` wait for whoever sees all workloads at once. */
export interface Fate {
  readonly kind: "keep" | "expire" | "mark" | "edit" | "delete";
  readonly why: string;
  readonly writes: readonly Write[];
}

/** A group that is missing for less may be a file that somebody is just saving. */
export const groupGrace = 30_000;

/** Whatever a lease or a wall clock says, nothing is deleted that this server has not watched being silent for this long. */
export const leastWatch = 60_000;

/** What one workload's lease, group and age mean for it. */
export function judgeFate(place: Place, now: Now): Fate {
  const { lease, group } = place;
  if (group === undefined) return judgeGroupless(place, now);
  if (lease === undefined) return judgeOrphan(place, group, now);
  const { leaving, drainingSince = now.wall, expiredAt } = lease.value;
  if (leaving === true && now.wall - drainingSince >= group.lease.drain) return gone(place, "drained, as its machine asked");
  if (expiredAt !== undefined) return judgeExpired(place, { group, expiredAt }, now);
  const silent = silenceOf(lease.value, place, now);
  if (silent !== undefined) return planExpiry(place, lease, { silent, now });
  return judgeEdit(place, group);
}

function judgeGroupless(place: Place, now: Now): Fate {
  const { workload, groupMissingFor } = place;
  if (groupMissingFor < groupGrace) return keep;
  if (groupMissingFor >= groupGrace + leaseDefaults.deregisterAfter) return gone(place, `its group is gone for ${inSeconds(groupMissingFor)}`);
  return mark(workload, { reason: "GroupGone", why: `There is no group ${workload.value.object.group}.` }, now);
}

function judgeOrphan(place: Place, group: ExternalGroup, now: Now): Fate {
  const { workload, unchangedFor } = place;
  const { duration, deregisterAfter } = group.lease;
  if (unchangedFor < silenceLimit(duration)) return keep;
  const old = deregisterAfter > 0 && unchangedFor >= deregisterAfter && now.wall - workload.value.createdAt >= deregisterAfter;
  if (old) return gone(place, `has no lease for ${inSeconds(unchangedFor)}`);
  return mark(workload, { reason: "LeaseMissing", why: "It has no lease." }, now);
}

function judgeExpired(place: Place, { group, expiredAt }: { readonly group: ExternalGroup; readonly expiredAt: number }, now: Now): Fate {
  const { deregisterAfter } = group.lease;
  const age = now.wall - expiredAt;
  if (deregisterAfter > 0 && age >= deregisterAfter && place.unchangedFor >= leastWatch) return gone(place, `expired ${inSeconds(age)} ago`);
  // Stays marked, also where a kill came between the lease and the condition.
  return place.workload.value.condition?.ready === true ? mark(place.workload, { reason: "LeaseExpired", why: "Its machine is silent." }, now) : judgeEdit(place, group);
}

/**
 * How long a machine has been silent, when that is too long. This server's own watch counts alone; the stored time only
 * shortens the watch of a server that has just become the leader, and never below one lease.
 */
function silenceOf(lease: LeaseObject, { unchangedFor }: Place, now: Now): number | undefined {
  const limit = silenceLimit(lease.duration);
  if (unchangedFor >= limit) return unchangedFor;
  const stored = now.wall - lease.renewedAt;
  return stored >= limit && unchangedFor >= lease.duration ? stored : undefined;
}

// The lease first: a machine that returns finds it marked and unmarks both.
function planExpiry({ workload }: Place, lease: Versioned<LeaseObject>, { silent, now }: { readonly silent: number; readonly now: Now }): Fate {
  const why = `no renewal for ${inSeconds(silent)}`;
  const status = planStatus(workload, notReady("LeaseExpired", `No renewal for ${inSeconds(silent)}.`), now.wall);
  return { kind: "expire", why, writes: [{ kind: "update-lease", lease: { ...lease.value, expiredAt: now.wall }, version: lease.version }, ...status] };
}

// Objects and groups are replaced, never changed: what was compared once need not be compared in every round.
const settled = new WeakMap<WorkloadObject, ExternalGroup>();

function judgeEdit({ workload }: Place, group: ExternalGroup): Fate {
  const { object } = workload.value;
  if (settled.get(object) === group) return keep;
  const wanted = withGroup(object, group);
  const fields = listGroupFields(object, wanted);
  if (fields.length === 0) {
    settled.set(object, group);
    return keep;
  }
  return { kind: "edit", why: `its group has other ${fields.join(", ")}`, writes: [{ kind: "update-workload", object: wanted, version: workload.version }] };
}

const keep: Fate = { kind: "keep", why: "", writes: [] };

function mark(workload: Versioned<StoredWorkload>, { reason, why }: { readonly reason: ServerReason; readonly why: string }, now: Now): Fate {
  const writes = planStatus(workload, notReady(reason, why), now.wall);
  return writes.length === 0 ? keep : { kind: "mark", why: `${reason}: ${why}`, writes };
}

function gone({ workload, lease }: Place, why: string): Fate {
  return { kind: "delete", why, writes: planDelete(workload, lease) };
}

function inSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
