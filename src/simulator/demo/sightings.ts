import { parseJson } from "../../base/parse-json.ts";
import { workloadEventSchema, type WorkloadEntry } from "../../registration/directory.ts";

/** A workload as the registration service showed it at one moment. */
export interface Sighting {
  readonly workload: WorkloadEntry;
  readonly gone: boolean;
}

/** What the registration service showed of its workloads, one after the other; it is fed with the lines of its watch. */
export class Sightings {
  readonly #seen: Sighting[] = [];
  readonly #waiting = new Set<() => void>();

  /** Takes a line of the watch; others are of no interest. */
  take(line: string): void {
    const event = workloadEventSchema.safeParse(parseJson(line)).data;
    if (event === undefined || event.event === "synced") return;
    this.#seen.push({ workload: event.workload, gone: event.event === "deleted" });
    for (const look of [...this.#waiting]) look();
  }

  /** The workload of an identity as it was seen last. */
  last(identity: string): Sighting | undefined {
    return this.#seen.findLast(({ workload }) => workload.identity === identity);
  }

  /** What the workload of an identity went through, each condition once: `Ready False Registered`. */
  list(identity: string): readonly string[] {
    const all = this.#seen.filter(({ workload }) => workload.identity === identity).map(renderSighting);
    return all.filter((one, index) => one !== all[index - 1]);
  }

  /** Waits until the workload of an identity is seen as wanted. */
  async until(identity: string, wanted: (seen: Sighting) => boolean, signal: AbortSignal): Promise<Sighting> {
    const { promise, resolve, reject } = Promise.withResolvers<Sighting>();
    const look = (): void => {
      const seen = this.last(identity);
      if (seen !== undefined && wanted(seen)) resolve(seen);
    };
    const giveUp = (): void => reject(signal.reason);
    await using stack = new AsyncDisposableStack();
    this.#waiting.add(look);
    stack.defer(() => void this.#waiting.delete(look));
    signal.addEventListener("abort", giveUp, { once: true });
    stack.defer(() => signal.removeEventListener("abort", giveUp));
    if (signal.aborted) giveUp();
    look();
    return await promise;
  }
}

/** The condition of a workload in one phrase. */
export function renderSighting({ workload: { ready, reason }, gone }: Sighting): string {
  return gone ? "deleted" : `${ready ? "True" : "False"} ${reason}`.trim();
}
