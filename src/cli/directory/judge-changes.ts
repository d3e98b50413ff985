import { renderKey } from "../../model/external-group.ts";
import type { WorkloadEntry, WorkloadEvent } from "../../registration/directory.ts";

/**
 * Makes one story of several watches, of which each begins with everything that there is: after a new connection only
 * what changed in between is told.
 */
export class Changes {
  readonly #known = new Map<string, WorkloadEntry>();
  /** What the present watch has listed so far; undefined once its list is complete. */
  #listed: Set<string> | undefined = new Set();
  #synced = false;

  /** Another watch begins. */
  restart(): void {
    this.#listed = new Set();
  }

  /** What is to be told after an event of the present watch. */
  judge(event: WorkloadEvent): readonly WorkloadEvent[] {
    if (event.event === "synced") return this.#complete();
    const { workload } = event;
    this.#listed?.add(renderKey(workload));
    return event.event === "deleted" ? this.#drop(renderKey(workload)) : this.#put(workload);
  }

  #put(workload: WorkloadEntry): readonly WorkloadEvent[] {
    const before = this.#known.get(renderKey(workload));
    this.#known.set(renderKey(workload), workload);
    if (before === undefined) return [{ event: "added", workload }];
    if (before.uid !== workload.uid) return [{ event: "deleted", workload: before }, { event: "added", workload }];
    return renderSubstance(before) === renderSubstance(workload) ? [] : [{ event: "modified", workload }];
  }

  #drop(id: string): readonly WorkloadEvent[] {
    const workload = this.#known.get(id);
    this.#known.delete(id);
    return workload === undefined ? [] : [{ event: "deleted", workload }];
  }

  #complete(): readonly WorkloadEvent[] {
    const listed = this.#listed;
    if (listed === undefined) return [];
    this.#listed = undefined;
    const gone = [...this.#known.keys()].filter((id) => !listed.has(id)).flatMap((id) => this.#drop(id));
    const first: readonly WorkloadEvent[] = this.#synced ? [] : [{ event: "synced" }];
    this.#synced = true;
    return [...gone, ...first];
  }
}

// A lease that was only renewed is no change.
function renderSubstance({ lease: { state, epoch }, ...rest }: WorkloadEntry): string {
  return JSON.stringify({ ...rest, lease: { state, epoch } });
}
