import type { Clock } from "../platform/host.ts";

/** A clock whose time of day is wrong by a settable amount; waits and ages are not. */
export class SkewedClock implements Clock {
  readonly #clock: Clock;
  /** How far it is ahead, milliseconds; negative is behind. */
  skew = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): Date {
    return new Date(this.#clock.now().getTime() + this.skew);
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.#clock.sleep(milliseconds, signal);
  }
}
