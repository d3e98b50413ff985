import type { Clock } from "../../../src/platform/host.ts";
import { systemClock } from "../../../src/platform/node/clock.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** The system's clock, whose wall somebody may set wrong, and whose time may leap over a wait. */
export class LeapingClock implements Clock {
  /** The wall is wrong by so many milliseconds. */
  offset = 0;
  #leapt = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): Date {
    return new Date(Date.now() + this.#leapt + this.offset);
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#leapt;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const sleeper: Sleeper = { until: this.monotonic() + milliseconds, wake: () => woken.abort() };
    this.#sleepers.add(sleeper);
    await systemClock.sleep(milliseconds, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    this.#sleepers.delete(sleeper);
    signal.throwIfAborted();
    // A leap that was too short for this one.
    const left = sleeper.until - this.monotonic();
    if (left > 0) await this.sleep(left, signal);
  }

  /** So much time is over at once. */
  leap(milliseconds: number): void {
    this.#leapt += milliseconds;
    for (const { until, wake } of this.#sleepers) if (until <= this.monotonic()) wake();
  }
}
