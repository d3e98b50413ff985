import type { Clock } from "../platform/host.ts";

/** The one budget of a stop, which draining and the proxy share. Times in milliseconds. */
export class StopClock {
  readonly #clock: Clock;
  readonly #budgets: { readonly grace: number; readonly unreachable: number };
  readonly #begun = Promise.withResolvers<number | undefined>();
  readonly #released = new AbortController();
  #deadline: number | undefined;

  constructor(clock: Clock, budgets: { readonly grace: number; readonly unreachable: number }) {
    this.#clock = clock;
    this.#budgets = budgets;
  }

  /** Starts the budget; the first call counts. With a control plane that does not answer there is nothing to wait for. */
  begin(controlPlaneAnswers: boolean): void {
    if (this.#deadline !== undefined) return;
    const budget = controlPlaneAnswers ? this.#budgets.grace : this.#budgets.unreachable;
    this.#deadline = this.#clock.monotonic() + budget;
    this.#begun.resolve(this.#deadline);
  }

  /** What is left of the budget, or `otherwise` while nothing stops. */
  left(otherwise: number): number {
    return this.#deadline === undefined ? otherwise : Math.max(0, this.#deadline - this.#clock.monotonic());
  }

  /** Resolves to true a second after the budget of a stop is spent; to false when released before. */
  async overdue(): Promise<boolean> {
    const deadline = await this.#begun.promise;
    if (deadline === undefined) return false;
    await this.#clock.sleep(deadline + 1000 - this.#clock.monotonic(), this.#released.signal).catch(() => undefined);
    return !this.#released.signal.aborted;
  }

  release(): void {
    this.#released.abort(new Error("the stop is done"));
    this.#begun.resolve(undefined);
  }
}
