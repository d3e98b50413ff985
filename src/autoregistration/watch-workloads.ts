import { untilAborted } from "../base/abort.ts";
import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { WorkloadEntry, WorkloadEvent } from "../registration/directory.ts";
import { planEvents } from "../registration/plan-events.ts";
import type { Fleet } from "./fleet.ts";
import type { LeaseObject, StoredWorkload } from "./objects.ts";
import { compareKeys, renderWorkloadEntry } from "./render-directory.ts";

/**
 * First every workload as `added`, then `synced`, then what changes, until the signal. What changes while the reader is
 * busy is kept as keys, each once: a slow reader misses steps in between, never the last one, and costs no memory.
 * A lease that is only renewed is no change.
 */
export async function* watchWorkloads(fleet: Fleet, now: () => number, signal: AbortSignal): AsyncGenerator<WorkloadEvent, void, void> {
  const changed = new ChangedKeys();
  using _listening = fleet.listen((key) => changed.add(key));
  const told = new Map<string, Sight>();
  for (const key of fleet.snapshot().workloads.map(({ value }) => value.object.key).toSorted(compareKeys)) {
    if (signal.aborted) return;
    yield* tell(told, key, look(fleet, key, now()));
  }
  yield { event: "synced" };
  while (await changed.wait(signal)) {
    for (const key of changed.take()) {
      yield* tell(told, key, look(fleet, key, now()));
      if (signal.aborted) return;
    }
  }
}

/** A workload as somebody was told of it: what is stored, which all who watch share, and when it was looked at. */
interface Sight {
  readonly workload: StoredWorkload;
  readonly lease: LeaseObject | undefined;
  readonly at: number;
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

function look(fleet: Fleet, key: ObjectKey, at: number): Sight | undefined {
  const workload = fleet.workload(key)?.value;
  return workload && { workload, lease: fleet.lease(key)?.value, at };
}

// Keeps in `told` what the reader knows after the events.
function tell(told: Map<string, Sight>, key: ObjectKey, now: Sight | undefined): readonly WorkloadEvent[] {
  const id = renderKey(key);
  const events = planEvents(entryOf(told.get(id)), entryOf(now));
  if (now === undefined) told.delete(id);
  else told.set(id, now);
  return events;
}

function entryOf(sight: Sight | undefined): WorkloadEntry | undefined {
  return sight && renderWorkloadEntry(sight.workload, sight.lease, sight.at);
}
