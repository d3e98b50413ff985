import { whenAborted } from "../base/abort.ts";
import type { Clock, Files, Log } from "../platform/host.ts";

/** Who of several servers on one store does the rounds. */
export interface Leadership {
  /** True when this server begins to lead, false when it no longer does; ends with the signal, and gives the office up. */
  watch(signal: AbortSignal): AsyncIterable<boolean>;
}

/** One server alone leads for ever. */
export const soleLeadership: Leadership = {
  async *watch(signal) {
    yield true;
    await whenAborted(signal).promise.catch(() => undefined);
  },
};

/** What waiting for a claim needs; `waiting` is called once when somebody else has it. */
export interface ClaimDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly waiting: () => void;
}

const lookEvery = 500;

/**
 * Waits until this process alone owns a path; the claim ends when it is disposed or the process ends, however it ends.
 * The store on disk answers one process only, so that of two servers the second stands by and takes over.
 */
export async function waitForClaim(path: string, { files, clock, log, waiting }: ClaimDeps, signal: AbortSignal): Promise<AsyncDisposable> {
  for (let looks = 0; ; looks += 1) {
    signal.throwIfAborted();
    const claim = await files.lock(path);
    if (claim !== undefined) return claim;
    if (looks === 0) {
      log.write("info", "another server has the store; standing by", { path });
      waiting();
    }
    await clock.sleep(lookEvery, signal);
  }
}
