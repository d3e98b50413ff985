import { untilAborted } from "../base/abort.ts";
import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { WorkloadEntry, WorkloadEvent } from "../registration/directory.ts";
import { planEvents } from "../registration/plan-events.ts";
import type { Fleet } from "./fleet.ts";
import { renderWorkloadEntries, renderWorkloadEntry } from "./render-directory.ts";

/**
 * First every workload as `added`, then `synced`, then what changes, until the signal. What changes while the reader is
 * busy is kept as keys, each once: a slow reader misses steps in between, never the last one, and costs no memory.
 * A lease that is only renewed is no change.
 */
export async function* watchWorkloads(fleet: Fleet, now: () => number, signal: AbortSignal): AsyncGenerator<WorkloadEvent, void, void> {
  const changed = new ChangedKeys();
  using _listening = fleet.listen((key) => changed.add(key));
  const told = new Map<string, WorkloadEntry>();
  for (const workload of renderWorkloadEntries(fleet.snapshot(), now())) {
    if (signal.aborted) return;
    told.set(renderKey(workload), workload);
    yield { event: "added", workload };
  }
  yield { event: "synced" };
  while (await changed.wait(signal)) {
    for (const key of changed.take()) {
      yield* tell(told, key, entryOf(fleet, key, now()));
      if (signal.aborted) return;
    }
  }
}

/** What changed since somebody looked. */
class ChangedKeys {
  #keys = new Map<string, ObjectKey>();
  #bell = Promise.withResolvers<void>();

  add(key: ObjectKey): void {
    this.#keys.set(renderKey(key), key);
    this.#bell.resolve();
  }

  take(): readonly ObjectKey[] {
    const keys = [...this.#keys.values()];
    this.#keys = new Map();
    this.#bell = Promise.withResolvers();
    return keys;
  }

  /** True once something changed, false when the signal came first. */
  async wait(signal: AbortSignal): Promise<boolean> {
    await untilAborted(this.#bell.promise, signal).catch(() => undefined);
    return !signal.aborted;
  }
}

function entryOf(fleet: Fleet, key: ObjectKey, now: number): WorkloadEntry | undefined {
  const workload = fleet.workload(key);
  return workload && renderWorkloadEntry(workload.value, fleet.lease(key)?.value, now);
}

function tell(told: Map<string, WorkloadEntry>, key: ObjectKey, now: WorkloadEntry | undefined): readonly WorkloadEvent[] {
  const id = renderKey(key);
  const events = planEvents(told.get(id), now);
  if (now === undefined) told.delete(id);
  else if (events.length > 0) told.set(id, now);
  return events;
}
