import { leaseDefaults, type ExternalGroup } from "../model/external-group.ts";
import type { DeregisterCall } from "./calls.ts";
import { notReady, type ServerReason } from "./condition.ts";
import { compareIncarnation, planLease } from "./lease-life.ts";
import type { LeaseObject, StoredWorkload, Versioned } from "./objects.ts";
import { refusals } from "./refusals.ts";
import { planDelete, planStatus, refused, type Verdict } from "./writes.ts";

/** What is stored of the workload that the caller says is its own. */
export interface DeregisterView {
  readonly tokenValid: boolean;
  readonly group: ExternalGroup | undefined;
  readonly workload: Versioned<StoredWorkload> | undefined;
  readonly lease: Versioned<LeaseObject> | undefined;
}

/** How long the machine shall go on serving, milliseconds: until then peers may still send it something. */
export interface Deregistered {
  readonly drainFor: number;
}

/** A machine leaves: not ready at once, gone after it has drained if it asked for that and its group deletes. */
export function judgeDeregister(call: DeregisterCall, view: DeregisterView, now: number): Verdict<Deregistered> {
  const { tokenValid, workload, lease } = view;
  if (!tokenValid) return refused(refusals.tokenInvalid());
  if (workload === undefined) return { kind: "accepted", answer: { drainFor: 0 }, writes: planDelete(undefined, lease) };
  const { object } = workload.value;
  if (object.identity !== call.identity || object.instanceId !== call.incarnation.instanceId) return refused(refusals.notYours());
  // A straggler that is leaving proves no duplicate: it is about to stop.
  if (lease && compareIncarnation(call.incarnation, lease.value) !== "holder") return refused(refusals.superseded(lease.value));
  return leave(call, { ...view, workload }, now);
}

function leave(call: DeregisterCall, { workload, lease, group }: DeregisterView & { readonly workload: Versioned<StoredWorkload> }, now: number): Verdict<Deregistered> {
  const since = lease?.value.drainingSince ?? now;
  // A clock that was set back must not stretch the drain.
  const drain = group?.lease.drain ?? leaseDefaults.drain;
  const drainFor = Math.min(drain, Math.max(0, since + drain - now));
  const deletes = call.mode === "delete" && group?.onDeregister !== "KeepNotReady";
  const drained = lease?.value.drainingSince !== undefined && drainFor === 0;
  // Only what was not ready for a while is deleted at once: older destinations crash when an address that is in use goes away.
  if (deletes && drained) return { kind: "accepted", answer: { drainFor }, writes: planDelete(workload, lease) };
  const next = lease && { ...lease.value, renewedAt: now, drainingSince: since, ...(deletes && { leaving: true }) };
  const reason: ServerReason = call.mode === "delete" && !deletes ? "Left" : "Draining";
  return { kind: "accepted", answer: { drainFor }, writes: [...(lease && next ? planLease(lease, next) : []), ...planStatus(workload, notReady(reason, "The machine said that it leaves."), now)] };
}
