import type { Clock } from "../platform/host.ts";

/** The one budget of a stop, which draining and the proxy share. Times in milliseconds. */
export class StopClock {
  readonly #clock: Clock;
  readonly #budgets: { readonly grace: number; readonly unreachable: number };
  readonly #begun = Promise.withResolvers<void>();
  readonly #released = new AbortController();
  #hurried = new AbortController();
  #start: number | undefined;
  #budget = 0;

  constructor(clock: Clock, budgets: { readonly grace: number; readonly unreachable: number }) {
    this.#clock = clock;
    this.#budgets = budgets;
  }

  /** Starts the budget; the first call counts. With a control plane that does not answer there is nothing to wait for. */
  begin(controlPlaneAnswers: boolean): void {
    if (this.#start !== undefined) return;
    this.#start = this.#clock.monotonic();
    this.#budget = controlPlaneAnswers ? this.#budgets.grace : this.#budgets.unreachable;
    this.#begun.resolve();
  }

  /** The control plane went away during the stop: the shorter budget holds, from the beginning. True when that changed something. */
  hurry(): boolean {
    if (this.#start === undefined || this.#budget <= this.#budgets.unreachable) return false;
    this.#budget = this.#budgets.unreachable;
    this.#hurried.abort();
    this.#hurried = new AbortController();
    return true;
  }

  /** What is left of the budget, or `otherwise` while nothing stops. */
  left(otherwise: number): number {
    return this.#start === undefined ? otherwise : Math.max(0, this.#start + this.#budget - this.#clock.monotonic());
  }

  /** Resolves to true a second after the budget of a stop is spent; to false when released before. */
  async overdue(): Promise<boolean> {
    await this.#begun.promise;
    while (!this.#released.signal.aborted) {
      const late = (this.#start ?? 0) + this.#budget + 1000 - this.#clock.monotonic();
      if (late <= 0) return true;
      await this.#clock.sleep(late, AbortSignal.any([this.#released.signal, this.#hurried.signal])).catch(() => undefined);
    }
    return false;
  }

  release(): void {
    this.#released.abort(new Error("the stop is done"));
    this.#begun.resolve();
  }
}
