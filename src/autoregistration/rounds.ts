import type { Clock } from "../platform/host.ts";
import { applyWrites } from "./apply-writes.ts";
import type { Fleet } from "./fleet.ts";
import { freshMemory, reconcileInSteps, reconcileInterval, type Change, type ReconcileMemory, type Reconciled } from "./reconcile.ts";
import type { Groups } from "./registrar.ts";
import type { Store } from "./store.ts";

// A store on disk answers at once: without a pause, fifty thousand edits would let no call through.
const changesInOneBreath = 50;

/** What the rounds work with. */
export interface RoundsDeps {
  readonly store: Store;
  readonly fleet: Fleet;
  readonly groups: Groups;
  readonly clock: Clock;
}

/** What a round did. */
export interface Round extends Pick<Reconciled, "tripped" | "held"> {
  readonly done: readonly Change[];
  /** Changes that somebody else was faster than; the next round looks again. */
  readonly overtaken: readonly Change[];
}

/**
 * Looks at the whole fleet every five seconds until the signal, and tells what each round did. Runs on the leader only,
 * and begins with a fresh memory, so that every machine has a lease's time to be heard first. Throws STORE_FAILED.
 */
export async function* watchRounds({ store, fleet, groups, clock }: RoundsDeps, signal: AbortSignal): AsyncGenerator<Round, void, void> {
  let memory: ReconcileMemory = freshMemory;
  while (!signal.aborted) {
    const input = { groups: groups.current(), ...fleet.snapshot(), now: { wall: clock.now().getTime(), monotonic: clock.monotonic() }, deafAt: fleet.deafAt };
    const steps = reconcileInSteps(input, memory);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await breathe();
    const reconciled = step.value;
    ({ memory } = reconciled);
    const done: Change[] = [];
    const overtaken: Change[] = [];
    for (const [index, change] of reconciled.changes.entries()) {
      if (index % changesInOneBreath === changesInOneBreath - 1) await breathe();
      const { applied, refused } = await applyWrites(store, change.writes, signal);
      fleet.note(applied);
      if (refused !== undefined) await fleet.refresh(store, change.key, signal);
      (refused === undefined ? done : overtaken).push(change);
    }
    yield { done, overtaken, tripped: reconciled.tripped, held: reconciled.held };
    await clock.sleep(reconcileInterval, signal);
  }
}

function breathe(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}
