import type { ExternalGroup } from "../model/external-group.ts";
import type { HealthReport, RenewCall } from "./calls.ts";
import { conditionOfHealth, notReady, planCondition, type ServerReason, type WantedCondition } from "./condition.ts";
import { judgeAddresses, judgeIdentity, type AddressOwner } from "./judge-admission.ts";
import { compareIncarnation, isAway, isDuplicate, isLive, planLease, stragglerGrace } from "./lease-life.ts";
import type { LeaseObject, StoredWorkload, Versioned } from "./objects.ts";
import { refusals } from "./refusals.ts";
import { planStatus, refused, type Verdict, type Write } from "./writes.ts";

/** What is stored of the workload that the caller says is its own. */
export interface RenewView {
  /** The token fits the caller's identity and everything it says of itself. */
  readonly tokenValid: boolean;
  readonly group: ExternalGroup | undefined;
  readonly configVersion: string;
  readonly workload: Versioned<StoredWorkload> | undefined;
  readonly lease: Versioned<LeaseObject> | undefined;
  /** Other workloads at the caller's addresses. */
  readonly owners: readonly AddressOwner[];
}

/** What the server brings to the judgement. */
export interface RenewRules {
  readonly now: number;
  readonly defaultIdentities: readonly string[];
}

/** What the machine is told. */
export interface Renewed {
  readonly group: ExternalGroup;
  readonly lease: LeaseObject;
  readonly configChanged: boolean;
  /** The report that holds: the caller's, or a newer one. */
  readonly healthSeq: number;
}

type Known = RenewView & { readonly group: ExternalGroup; readonly workload: Versioned<StoredWorkload>; readonly lease: Versioned<LeaseObject> };

/** A machine says that it lives and how it is. */
export function judgeRenew(call: RenewCall, view: RenewView, rules: RenewRules): Verdict<Renewed> {
  const { tokenValid, workload, group, lease } = view;
  if (!tokenValid) return refused(refusals.tokenInvalid());
  if (workload === undefined) return refused(refusals.workloadGone(call.key));
  const { object } = workload.value;
  if (object.identity !== call.identity || object.instanceId !== call.incarnation.instanceId) return refused(refusals.notYours());
  if (group === undefined) return refused(refusals.groupMissing({ namespace: object.key.namespace, name: object.group }));
  if (lease === undefined) return refused(refusals.leaseGone(call.key));
  const known: Known = { ...view, workload, group, lease };
  const standing = compareIncarnation(call.incarnation, lease.value);
  if (standing === "holder") return judgeHolder(call, known, rules);
  // A token outlives the lease that it was given for: the holder is older, or dead, and this caller may take its place.
  if (standing === "newer" || !isLive(lease.value, rules.now)) return refused(refusals.leaseGone(call.key));
  return judgeStraggler(known, rules.now);
}

/** A call by a process that another one of the same instance has taken over from. */
function judgeStraggler({ workload, lease }: Known, now: number): Verdict<Renewed> {
  // It shall call as soon as a call proves that both are alive: until then a clone may be ready in its place.
  if (now - lease.value.registeredAt <= stragglerGrace) return refused(refusals.superseded(lease.value, stragglerGrace + 1000));
  const refusal = refusals.duplicate();
  // Evidence is written again only when it has aged, lest the two write at each other.
  const evidence = Math.abs(now - (lease.value.duplicateAt ?? -Infinity)) <= evidenceAge ? lease.value : { ...lease.value, duplicateAt: now };
  return refused(refusal, [...planLease(lease, evidence), ...planStatus(workload, notReady("DuplicateInstance", refusal.message), now)]);
}

const evidenceAge = 30_000;

// An address is settled while its machine is heard: whoever was away may find another one there, and stays refused until that is gone.
function judgeHolder(call: RenewCall, known: Known, rules: RenewRules): Verdict<Renewed> {
  const { group, workload, lease } = known;
  const kept = keptLease(known, rules.now);
  // Refused, but alive: a machine that is told to wait must not be deleted meanwhile.
  if (isDuplicate(lease.value, rules.now)) return refused(refusals.duplicate(), planLease(lease, kept));
  const unsettled = workload.value.object.addresses.join() !== call.addresses.join() || isAway(lease.value, rules.now) || workload.value.condition?.reason === ("NotAdmitted" satisfies ServerReason);
  const notLetIn = judgeIdentity(call.identity, { group, defaultIdentities: rules.defaultIdentities });
  const judged = notLetIn ? ({ ok: false, refusal: notLetIn } as const) : unsettled ? judgeAddresses(call.addresses, group, known.owners) : ({ ok: true, addresses: call.addresses } as const);
  if (!judged.ok) return refused(judged.refusal, [...planLease(lease, kept), ...planStatus(workload, notReady("NotAdmitted", judged.refusal.message), rules.now)]);
  return renew(call, { known, kept, addresses: judged.addresses }, rules.now);
}

/** The lease as a call of its holder leaves it, apart from the report: alive, and neither expired nor doubted. */
function keptLease({ lease, group }: Known, now: number): LeaseObject {
  const { expiredAt: _expired, duplicateAt, ...rest } = lease.value;
  return { ...rest, renewedAt: now, duration: group.lease.duration, ...(isDuplicate(lease.value, now) && duplicateAt !== undefined && { duplicateAt }) };
}

function renew(call: RenewCall, { known, kept, addresses }: { readonly known: Known; readonly kept: LeaseObject; readonly addresses: readonly string[] }, now: number): Verdict<Renewed> {
  const { workload, lease, group } = known;
  const newest = lease.value.healthSeq;
  // The same number again is the same report again: it repairs what a kill between two writes left.
  const wanted = call.health.seq >= newest ? wantedCondition(call.health, kept) : undefined;
  const condition = wanted && planCondition(workload.value.condition, wanted, now);
  const { object } = workload.value;
  const moved = addresses.join() !== object.addresses.join();
  // With each transition its number is stored, lest another replica take an older report for news.
  const next: LeaseObject = { ...kept, healthSeq: Math.max(newest, call.health.seq) };
  const leaseWrites: readonly Write[] = condition ? [{ kind: "update-lease", lease: next, version: lease.version }] : planLease(lease, next);
  const writes: readonly Write[] = [
    ...leaseWrites,
    ...(moved ? [{ kind: "update-workload", object: { ...object, addresses }, version: workload.version } as const] : []),
    ...(condition ? [{ kind: "condition", key: object.key, condition, version: moved ? undefined : workload.version } as const] : []),
  ];
  return { kind: "accepted", answer: { group, lease: next, configChanged: call.configVersion !== known.configVersion, healthSeq: next.healthSeq }, writes };
}

// Who said that it leaves is not ready again before it registers.
function wantedCondition(health: HealthReport, lease: LeaseObject): WantedCondition {
  return lease.drainingSince === undefined ? conditionOfHealth(health) : notReady("Draining", "");
}
