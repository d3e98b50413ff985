import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { LeaseObject, StoredWorkload, Versioned } from "./objects.ts";
import type { Store, StoreRefusal, Written } from "./store.ts";
import type { Write } from "./writes.ts";

/** What is stored after a write; undefined for what is gone. */
export type Applied =
  | { readonly kind: "workload"; readonly key: ObjectKey; readonly stored: Versioned<StoredWorkload> | undefined }
  | { readonly kind: "lease"; readonly key: ObjectKey; readonly stored: Versioned<LeaseObject> | undefined };

/** How a plan went. After a refusal nothing more was written; what was written stands, for each plan may be broken off anywhere. */
export interface AppliedPlan {
  readonly applied: readonly Applied[];
  readonly refused: { readonly write: Write; readonly refusal: StoreRefusal } | undefined;
}

/** Does the writes one after the other until the store refuses one; STORE_FAILED is thrown. */
export async function applyWrites(store: Store, writes: readonly Write[], signal: AbortSignal): Promise<AppliedPlan> {
  const applied: Applied[] = [];
  // The versions that the plan's own writes left.
  const versions = new Map<string, string>();
  for (const write of writes) {
    const done = await applyWrite(store, { write, versions }, signal);
    if (typeof done === "string") return { applied, refused: { write, refusal: done } };
    if (done.stored !== undefined) versions.set(`${done.kind} ${renderKey(done.key)}`, done.stored.version);
    applied.push(done);
  }
  return { applied, refused: undefined };
}

async function applyWrite(store: Store, { write, versions }: { readonly write: Write; readonly versions: ReadonlyMap<string, string> }, signal: AbortSignal): Promise<Applied | StoreRefusal> {
  const workloadVersion = (key: ObjectKey, version: string | undefined): string => version ?? versions.get(`workload ${renderKey(key)}`) ?? "";
  switch (write.kind) {
    case "create-workload":
      return asWorkload(await store.createWorkload(write.object, signal));
    case "update-workload":
      return asWorkload(await store.updateWorkload(write.object, workloadVersion(write.object.key, write.version), signal));
    case "condition":
      return asWorkload(await store.updateCondition(write.key, { condition: write.condition, version: workloadVersion(write.key, write.version) }, signal));
    case "create-lease":
      return asLease(await store.createLease(write.lease, signal));
    case "update-lease":
      return asLease(await store.updateLease(write.lease, write.version ?? versions.get(`lease ${renderKey(write.lease.key)}`) ?? "", signal));
    case "delete-workload":
      return asGone("workload", write.key, await store.deleteWorkload(write.key, write.version, signal));
    case "delete-lease":
      return asGone("lease", write.key, await store.deleteLease(write.key, write.version, signal));
  }
}

function asWorkload(written: Written<StoredWorkload>): Applied | StoreRefusal {
  return written.ok ? { kind: "workload", key: written.stored.value.object.key, stored: written.stored } : written.refusal;
}

function asLease(written: Written<LeaseObject>): Applied | StoreRefusal {
  return written.ok ? { kind: "lease", key: written.stored.value.key, stored: written.stored } : written.refusal;
}

// What somebody else has deleted is as gone as it was to be.
function asGone(kind: "workload" | "lease", key: ObjectKey, refusal: StoreRefusal | undefined): Applied | StoreRefusal {
  return refusal === undefined || refusal === "absent" ? { kind, key, stored: undefined } : refusal;
}
