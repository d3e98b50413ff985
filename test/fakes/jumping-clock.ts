import type { Clock } from "../../src/platform/host.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to jump; it tells how long everybody wanted to sleep. */
export class JumpingClock implements Clock {
  /** Every sleep that was asked for, in order. */
  readonly sleeps: number[] = [];
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();
  #elapsed = 0;
  #start: number;

  constructor(start = new Date()) {
    this.#start = start.getTime();
  }

  now(): Date {
    return new Date(this.#start + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** Nobody has a sleep running any more, so no timer was left behind. */
  get idle(): boolean {
    return this.#sleepers.size === 0;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { until: this.#elapsed + milliseconds, wake: resolve };
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#sleepers.add(sleeper);
    this.sleeps.push(milliseconds);
    for (const watcher of this.#watchers) watcher();
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Moves time on and wakes whoever slept that long. */
  jump(milliseconds: number): void {
    this.#elapsed += milliseconds;
    for (const { until, wake } of this.#sleepers) if (until <= this.#elapsed) wake();
  }

  /** Resolves when somebody sleeps for that long from now on, or does already. */
  async asleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if ([...this.#sleepers].some(({ until }) => until === this.#elapsed + milliseconds)) resolve();
    };
    this.#watchers.add(look);
    look();
    await promise;
    this.#watchers.delete(look);
  }

  /** Somebody set the machine's clock; monotonic time does not notice. */
  setWallClock(to: Date): void {
    this.#start = to.getTime() - this.#elapsed;
  }
}
