import type { Clock } from "../../src/platform/host.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** The machine's clock, which can also be moved on: ten seconds of a fleet's life pass in the time that their calls take. */
export class PassingClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #passed = 0;

  now(): Date {
    return new Date(Date.now() + this.#passed);
  }

  monotonic(): number {
    return performance.now() + this.#passed;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { until: this.monotonic() + milliseconds, wake: resolve };
    const timer = setTimeout(resolve, milliseconds);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#sleepers.add(sleeper);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#sleepers.delete(sleeper);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Moves time on and wakes whoever slept that long. */
  pass(milliseconds: number): void {
    this.#passed += milliseconds;
    const now = this.monotonic();
    for (const { until, wake } of this.#sleepers) if (until <= now) wake();
  }
}
