import { renderKey } from "../../model/external-group.ts";
import type { WorkloadEntry, WorkloadEvent } from "../../registration/directory.ts";
import { planEvents } from "../../registration/plan-events.ts";

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
    return planEvents(before, workload);
  }

  #drop(id: string): readonly WorkloadEvent[] {
    const workload = this.#known.get(id);
    this.#known.delete(id);
    return planEvents(workload, undefined);
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
