import { backoffDelay } from "../base/backoff.ts";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Clock, Log } from "../platform/host.ts";

/** Work that goes on for as long as the service does. */
export interface Lasting {
  /** What it does, as a gerund phrase. */
  readonly doing: string;
  /** Calls `good` whenever it has got somewhere. */
  readonly work: (good: () => void, signal: AbortSignal) => Promise<void>;
  /** Told of each failure, and with undefined when it is over. */
  readonly told: (error: MeshError | undefined) => void;
}

/** What pauses are measured and told with. */
export interface LastingDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
}

const pauses = { first: 1000, most: 30_000 };

/** Work that never ends silently: whatever makes it fail is told, and it begins again after a growing pause. Disposing ends all of it. */
export class LastingWork implements AsyncDisposable {
  readonly #deps: LastingDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(deps: LastingDeps) {
    this.#deps = deps;
  }

  start(lasting: Lasting): void {
    this.#running.push(keepGoing(lasting, this.#deps, this.#stop.signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }
}

async function keepGoing({ doing, work, told }: Lasting, { clock, log, random }: LastingDeps, signal: AbortSignal): Promise<void> {
  let failures = 0;
  const good = (): void => {
    if (failures > 0) told(undefined);
    failures = 0;
  };
  while (!signal.aborted) {
    try {
      return await work(good, signal);
    } catch (cause) {
      if (signal.aborted) return;
      const error = isMeshError(cause) ? cause : new MeshError("INTERNAL", { doing, what: String(cause), cause });
      failures += 1;
      const pause = backoffDelay(failures, pauses, random());
      told(error);
      log.write("error", `${doing} failed; trying again`, { code: error.code, what: error.what, remedy: error.remedy, pauseSeconds: Math.round(pause / 1000) });
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }
}
