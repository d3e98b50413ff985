import type { WorkloadEntry, WorkloadEvent } from "./directory.ts";

/** What is to be told to who knows a workload as `before` and shall know it as `now`; undefined is none. */
export function planEvents(before: WorkloadEntry | undefined, now: WorkloadEntry | undefined): readonly Exclude<WorkloadEvent, { event: "synced" }>[] {
  if (before !== undefined && now !== undefined && before.uid === now.uid) return renderSubstance(before) === renderSubstance(now) ? [] : [{ event: "modified", workload: now }];
  // Deleted and made again under the same name is another workload.
  return [...(before ? [{ event: "deleted", workload: before } as const] : []), ...(now ? [{ event: "added", workload: now } as const] : [])];
}

// A lease that was only renewed is no change.
function renderSubstance({ lease: { state, epoch }, ...rest }: WorkloadEntry): string {
  return JSON.stringify({ ...rest, lease: { state, epoch } });
}
