import type { Clock } from "../platform/host.ts";

/** A bound on work: its signal aborts when the time is over or the outer signal aborts. Disposing it aborts too, so that nothing of the work lingers. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** True when the time was over before the work was. */
  readonly missed: boolean;
}

/** Begins that much time, by the clock. */
export function openDeadline(clock: Clock, milliseconds: number, outer: AbortSignal): Deadline {
  const bound = new AbortController();
  let missed = false;
  const abort = (): void => bound.abort(outer.reason);
  outer.addEventListener("abort", abort, { once: true });
  if (outer.aborted) abort();
  const expire = (): void => {
    missed = true;
    bound.abort(new Error("the time is over"));
  };
  void clock.sleep(milliseconds, bound.signal).then(expire, () => undefined);
  return {
    signal: bound.signal,
    get missed() {
      return missed;
    },
    [Symbol.dispose]: () => {
      outer.removeEventListener("abort", abort);
      bound.abort();
    },
  };
}
