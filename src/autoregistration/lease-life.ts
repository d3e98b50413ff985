import type { Incarnation } from "./calls.ts";
import type { LeaseObject, Versioned } from "./objects.ts";
import type { Write } from "./writes.ts";

/** How a caller stands to the process that holds the lease. `rival` has the same epoch, which one disk never gives twice. */
export type Standing = "holder" | "newer" | "older" | "rival";

/** Compares a caller with the holder of a lease; both are of one instance. */
export function compareIncarnation({ incarnationId, epoch }: Incarnation, lease: LeaseObject): Standing {
  if (incarnationId === lease.incarnationId) return "holder";
  if (epoch === lease.epoch) return "rival";
  return epoch > lease.epoch ? "newer" : "older";
}

/** How long after its last stored renewal a machine is taken for dead: a living one is stored at least every half. */
export function silenceLimit(duration: number): number {
  return 1.5 * duration;
}

/** True while the holder is in office: neither silent for too long nor on its way out. */
export function isLive(lease: LeaseObject, now: number): boolean {
  return lease.drainingSince === undefined && !isAway(lease, now);
}

/** True when the holder has been silent for too long. */
export function isAway(lease: LeaseObject, now: number): boolean {
  return lease.expiredAt !== undefined || now >= lease.renewedAt + silenceLimit(lease.duration);
}

/** A superseded process that still calls this long after its successor registered is no straggler: both are alive. */
export const stragglerGrace = 5000;

/** Two living processes of one instance are both refused until the other one has not called for this long. */
export const duplicateQuiet = 180_000;

/** True while two living processes share the instance, as far as the server has heard. */
export function isDuplicate({ duplicateAt }: LeaseObject, now: number): boolean {
  return duplicateAt !== undefined && Math.abs(now - duplicateAt) <= duplicateQuiet;
}

/** The write that stores a lease, or none when only time went by, and less than half of the lease. */
export function planLease(stored: Versioned<LeaseObject> | undefined, next: LeaseObject): readonly Write[] {
  if (stored === undefined) return [{ kind: "create-lease", lease: next }];
  // Either direction: a clock that was set back must not leave a renewal in the future.
  const stale = Math.abs(next.renewedAt - stored.value.renewedAt) > next.duration / 2;
  return stale || !isSameLease(stored.value, next) ? [{ kind: "update-lease", lease: next, version: stored.version }] : [];
}

function isSameLease(a: LeaseObject, b: LeaseObject): boolean {
  const fields = ["incarnationId", "epoch", "duration", "registeredAt", "duplicateAt", "drainingSince", "leaving", "expiredAt"] as const;
  return fields.every((field) => a[field] === b[field]);
}
