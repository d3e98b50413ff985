import { untilAborted } from "../../src/base/abort.ts";
import type { Store } from "../../src/autoregistration/store.ts";
import { MeshError } from "../../src/model/errors.ts";

const writes = ["createWorkload", "updateWorkload", "updateCondition", "deleteWorkload", "createLease", "updateLease", "deleteLease"] as const;
const reads = ["list", "readWorkload", "readLease"] as const;

/** How a store behaves: as ever; away for all; for writes only, as a full disk; slow until something happens; or silent after so many more writes, as that of a killed process. */
export type Weather = "fine" | "away" | "full" | { readonly dieAfter: number } | { readonly until: Promise<void> };

/** A store whose weather a test makes. */
export class StoreGate {
  readonly store: Store;
  /** Writes that were done. */
  count = 0;
  weather: Weather = "fine";
  /** Called with each write that has to wait, or gets no answer any more. */
  onWait: () => void = () => undefined;

  constructor(store: Store) {
    const around = (names: readonly (keyof Store)[], isWrite: boolean): Record<string, unknown> => Object.fromEntries(names.map((name) => {
      const call = (store[name] as (...args: readonly unknown[]) => Promise<unknown>).bind(store);
      return [name, async (...args: readonly unknown[]): Promise<unknown> => {
        await this.#pass(isWrite, args.at(-1) as AbortSignal);
        return call(...args);
      }];
    }));
    const rest: Pick<Store, "watch" | typeof Symbol.asyncDispose> = { watch: (signal) => store.watch(signal), [Symbol.asyncDispose]: async () => undefined };
    this.store = { ...around(reads, false), ...around(writes, true), ...rest } as unknown as Store;
  }

  async #pass(isWrite: boolean, signal: AbortSignal): Promise<void> {
    const { weather } = this;
    if (weather === "away" || (weather === "full" && isWrite)) throw new MeshError("STORE_FAILED", { doing: "writing", what: "no space left on device" });
    if (!isWrite) return;
    const waits = typeof weather === "string" ? undefined : "until" in weather ? weather.until : this.count >= weather.dieAfter ? new Promise<never>(() => undefined) : undefined;
    if (waits !== undefined) {
      this.onWait();
      await untilAborted(waits, signal);
    }
    this.count += 1;
  }
}
