import { untilAborted } from "../base/abort.ts";

/** Lets one at a time hold each of several keys. */
export class TakeTurns {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits until all keys are free, and holds them until disposed. All are asked for at once, so that nobody waits in a circle. */
  async take(keys: readonly string[], signal: AbortSignal): Promise<AsyncDisposable> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wanted = [...new Set(keys)];
    const before = Promise.all(wanted.map((key) => this.#last.get(key) ?? Promise.resolve()));
    const turn = before.then(() => promise);
    for (const key of wanted) this.#last.set(key, turn);
    // Forgotten only when it is over, whoever gave up waiting: the next one must still wait for those before.
    void turn.then(() => this.#forget(wanted, turn));
    const leave = async (): Promise<void> => resolve();
    try {
      await untilAborted(before, signal);
    } catch (error) {
      resolve();
      throw error;
    }
    return { [Symbol.asyncDispose]: leave };
  }

  #forget(keys: readonly string[], turn: Promise<void>): void {
    for (const key of keys) if (this.#last.get(key) === turn) this.#last.delete(key);
  }
}
