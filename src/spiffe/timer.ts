import type { Clock } from "../platform/host.ts";

/** Resolves after the time; when the signal aborts first it never settles, so that a race goes on without it. */
export function startTimer(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.sleep(milliseconds, signal).then(resolve, () => undefined);
  return promise;
}
