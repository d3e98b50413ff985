import type { ExternalGroup } from "../model/external-group.ts";
import { refuseCall, type Refusal } from "../registration/reasons.ts";
import type { Incarnation, RegisterCall } from "./calls.ts";
import { conditionOfHealth, notReady, planCondition } from "./condition.ts";
import { judgeAddresses, judgeIdentity, judgeLabels, judgeRoom, type AddressOwner, type JudgedAddresses } from "./judge-admission.ts";
import { compareIncarnation, isDuplicate, isLive, planLease } from "./lease-life.ts";
import { isOwn } from "./names.ts";
import type { LeaseObject, StoredWorkload, Versioned, WorkloadObject } from "./objects.ts";
import { refusals } from "./refusals.ts";
import { isSameObject, objectOf } from "./workload-object.ts";
import { planDelete, planStatus, refused, type Verdict, type Write } from "./writes.ts";

/** Another workload at one of the caller's addresses, as stored. */
export interface StoredOwner extends AddressOwner {
  readonly workload: Versioned<StoredWorkload>;
  readonly lease: Versioned<LeaseObject> | undefined;
}

/** What is stored where the caller wants to be. */
export interface RegisterView {
  readonly group: ExternalGroup | undefined;
  /** The name that the machine has or gets; undefined when strangers hold all that it could have. */
  readonly name: string | undefined;
  readonly workload: Versioned<StoredWorkload> | undefined;
  readonly lease: Versioned<LeaseObject> | undefined;
  readonly owners: readonly StoredOwner[];
  /** Living workloads of the group, without the caller's. */
  readonly others: number;
}

/** What the server brings to every judgement. */
export interface Rules {
  /** Server's wall clock, milliseconds. */
  readonly now: number;
  readonly clusterDomain: string;
  readonly defaultIdentities: readonly string[];
}

/** The workload and lease as they are once the writes are done. */
export interface Registered {
  readonly object: WorkloadObject;
  readonly lease: LeaseObject;
}

/** A machine registers: for the first time, after a restart, or again because its group changed. */
export function judgeRegister(call: RegisterCall, view: RegisterView, rules: Rules): Verdict<Registered> {
  const { group, name, workload, lease } = view;
  if (group === undefined) return refused(refusals.groupMissing(call.group));
  const source = { group: call.group, identity: call.identity, instanceId: call.incarnation.instanceId };
  if (name === undefined || (workload && !isOwn(source, workload.value))) return refused(refuseCall("IDENTITY_NOT_ALLOWED", "The workload belongs to another identity."));
  const rivalry = lease && judgeRivalry(call.incarnation, lease.value, rules.now);
  if (rivalry) return refused(rivalry);
  const admitted = judgeApplicant(call, { ...view, group }, rules);
  // A machine that its group no longer lets in must not stay ready from before.
  if (!admitted.ok) return refused(admitted.refusal, workload ? planStatus(workload, notReady("NotAdmitted", admitted.refusal.message), rules.now) : []);
  const object = objectOf(call, { name, group, addresses: admitted.addresses, clusterDomain: rules.clusterDomain });
  if (Math.max(object.serverName.length, object.identity.length) > longestName) return refused(refuseCall("REQUEST_INVALID", `The identity or the server name ${object.serverName} is longer than ${longestName} characters.`));
  const next = nextLease(call, { object, group, lease: lease?.value }, rules.now);
  const retired = view.owners.filter((owner) => owner.workload.value.object.identity === call.identity && !(owner.lease && isLive(owner.lease.value, rules.now))).flatMap((owner) => planDelete(owner.workload, owner.lease));
  return { kind: "accepted", answer: { object, lease: next }, writes: [...planWrites(call, { object, next, view }, rules.now), ...retired] };
}

// ExternalWorkload's own bound on both.
const longestName = 253;

/** Whether another process of the same instance stands in the way. */
function judgeRivalry(incarnation: Incarnation, lease: LeaseObject, now: number): Refusal | undefined {
  const standing = compareIncarnation(incarnation, lease);
  if (standing === "newer") return undefined;
  if (standing === "holder") return isDuplicate(lease, now) ? refusals.duplicate() : undefined;
  // A dead holder's place is free even for an older epoch: a machine restored from a backup has nothing else to offer.
  if (!isLive(lease, now)) return undefined;
  return standing === "rival" ? refusals.duplicate() : refusals.superseded(lease);
}

function judgeApplicant(call: RegisterCall, view: RegisterView & { readonly group: ExternalGroup }, { defaultIdentities }: Rules): JudgedAddresses {
  const { group, workload, others, owners } = view;
  const refusal = judgeIdentity(call.identity, { group, defaultIdentities }) ?? judgeLabels(call.labels, group) ?? (workload ? undefined : judgeRoom(others, group));
  return refusal ? { ok: false, refusal } : judgeAddresses(call.addresses, group, owners);
}

function nextLease(call: RegisterCall, { object, group, lease }: { readonly object: WorkloadObject; readonly group: ExternalGroup; readonly lease: LeaseObject | undefined }, now: number): LeaseObject {
  const { incarnationId, epoch } = call.incarnation;
  const again = lease?.incarnationId === incarnationId ? lease : undefined;
  const seq = Math.max(call.health.seq, again?.healthSeq ?? 0);
  return { key: object.key, incarnationId, epoch, renewedAt: now, duration: group.lease.duration, registeredAt: again?.registeredAt ?? now, healthSeq: seq };
}

/**
 * New: workload, lease, condition, so that a lease always finds its workload. Known: the lease first, which fences
 * the predecessor off before anything of the workload changes.
 */
function planWrites(call: RegisterCall, { object, next, view }: { readonly object: WorkloadObject; readonly next: LeaseObject; readonly view: RegisterView }, now: number): readonly Write[] {
  const { workload, lease } = view;
  const leaseWrites = planLease(lease, next);
  const changes = workload !== undefined && !isSameObject(workload.value.object, object);
  const late = lease?.value.incarnationId === next.incarnationId && call.health.seq < lease.value.healthSeq;
  const condition = late ? undefined : planCondition(workload?.value.condition, conditionOfHealth(call.health, "Registered"), now);
  const conditionWrites: readonly Write[] = condition ? [{ kind: "condition", key: object.key, condition, version: changes ? undefined : workload?.version }] : [];
  if (workload === undefined) return [{ kind: "create-workload", object }, ...leaseWrites, ...conditionWrites];
  return [...leaseWrites, ...(changes ? [{ kind: "update-workload", object, version: workload.version } as const] : []), ...conditionWrites];
}
