import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { Refusal } from "../registration/reasons.ts";
import { planCondition, type WantedCondition } from "./condition.ts";
import type { LeaseObject, ReadyCondition, StoredWorkload, Versioned, WorkloadObject } from "./objects.ts";

/**
 * One write to the store, as data. `version` is the one that the decision was made on; undefined stands for the version
 * that an earlier write of the same plan left.
 */
export type Write =
  | { readonly kind: "create-workload"; readonly object: WorkloadObject }
  | { readonly kind: "update-workload"; readonly object: WorkloadObject; readonly version: string | undefined }
  | { readonly kind: "condition"; readonly key: ObjectKey; readonly condition: ReadyCondition; readonly version: string | undefined }
  | { readonly kind: "create-lease"; readonly lease: LeaseObject }
  | { readonly kind: "update-lease"; readonly lease: LeaseObject; readonly version: string | undefined }
  | { readonly kind: "delete-workload"; readonly key: ObjectKey; readonly version: string }
  | { readonly kind: "delete-lease"; readonly key: ObjectKey; readonly version: string };

/** What becomes of a call: an answer once the writes are done, or a refusal, which may leave writes too. */
export type Verdict<Answer> =
  | { readonly kind: "accepted"; readonly answer: Answer; readonly writes: readonly Write[] }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly writes: readonly Write[] };

/** The call may not do what it wants. */
export function refused(refusal: Refusal, writes: readonly Write[] = []): { readonly kind: "refused"; readonly refusal: Refusal; readonly writes: readonly Write[] } {
  return { kind: "refused", refusal, writes };
}

/**
 * Writes that take a workload and its lease away. The lease first: whoever renewed meanwhile changed its version, and so
 * saves the workload. Broken off in between, what is left is not ready and an orphan, which is swept.
 */
export function planDelete(workload: Versioned<StoredWorkload> | undefined, lease: Versioned<LeaseObject> | undefined): readonly Write[] {
  return [
    ...(lease ? [{ kind: "delete-lease", key: lease.value.key, version: lease.version } as const] : []),
    ...(workload ? [{ kind: "delete-workload", key: workload.value.object.key, version: workload.version } as const] : []),
  ];
}

/** The write that gives a stored workload this condition, or none when it has it. */
export function planStatus({ value, version }: Versioned<StoredWorkload>, wanted: WantedCondition, now: number): readonly Write[] {
  const condition = planCondition(value.condition, wanted, now);
  return condition ? [{ kind: "condition", key: value.object.key, condition, version }] : [];
}

/** A write as a short text, for logs and tests. */
export function renderWrite(write: Write): string {
  switch (write.kind) {
    case "create-workload":
    case "update-workload":
      return `${write.kind} ${renderKey(write.object.key)}`;
    case "condition":
      return `condition ${renderKey(write.key)} ${write.condition.ready ? "True" : "False"} ${write.condition.reason}`;
    case "create-lease":
    case "update-lease":
      return `${write.kind} ${renderKey(write.lease.key)}${renderMarks(write.lease)}`;
    case "delete-workload":
    case "delete-lease":
      return `${write.kind} ${renderKey(write.key)}`;
  }
}

function renderMarks({ expiredAt, drainingSince, leaving, duplicateAt }: LeaseObject): string {
  const marks = { expired: expiredAt, draining: drainingSince, leaving: leaving === true ? 1 : undefined, duplicate: duplicateAt };
  return Object.entries(marks).map(([mark, value]) => (value === undefined ? "" : ` ${mark}`)).join("");
}
