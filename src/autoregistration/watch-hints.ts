import { Bell } from "../base/bell.ts";
import { whenAborted } from "../base/abort.ts";
import { renderKey, type ObjectKey } from "../model/external-group.ts";
import type { WatchEvent } from "../registration/generated/registration.ts";
import type { Fleet } from "./fleet.ts";
import type { WatchedGroups } from "./groups-folder.ts";
import type { WatchHints } from "./handlers.ts";
import { readConfigVersion } from "./names.ts";

/** Tells machines that watch what they would otherwise hear with their next renewal; what is lost does no harm. */
export class Hints implements Disposable {
  readonly #fleet: Fleet;
  readonly #groups: WatchedGroups;
  readonly #bells = new Map<string, Set<Bell>>();
  readonly #listening: Disposable;

  constructor(fleet: Fleet, groups: WatchedGroups) {
    this.#fleet = fleet;
    this.#groups = groups;
    this.#listening = fleet.listen((key) => {
      const bells = this.#bells.get(renderKey(key));
      if (bells !== undefined && fleet.workload(key) === undefined) for (const bell of bells) bell.ring();
    });
  }

  /** Rings for everybody whenever the groups change, until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const either = AbortSignal.any([signal, this.#groups.changed]);
      await whenAborted(either).promise.catch(() => undefined);
      for (const bells of this.#bells.values()) for (const bell of bells) bell.ring();
    }
  }

  /** The configuration's version at first and whenever it is another one, and at last that the workload is gone. */
  readonly watch: WatchHints = (key, signal) => this.#watch(key, signal);

  async *#watch(key: ObjectKey, signal: AbortSignal): AsyncGenerator<WatchEvent, void, void> {
    const bell = new Bell();
    using _listening = this.#add(renderKey(key), bell);
    let told: string | undefined;
    while (!signal.aborted) {
      const { next } = bell;
      const object = this.#fleet.workload(key)?.value.object;
      if (object === undefined) return yield { e: { $case: "workloadGone", value: true } };
      const group = this.#groups.current().get(renderKey({ namespace: key.namespace, name: object.group }));
      const version = group === undefined ? told : readConfigVersion(group);
      if (version !== undefined && version !== told) yield { e: { $case: "configVersion", value: version } };
      told = version;
      await whenAborted(AbortSignal.any([signal, next])).promise.catch(() => undefined);
    }
  }

  #add(id: string, bell: Bell): Disposable {
    const bells = this.#bells.get(id) ?? new Set();
    this.#bells.set(id, bells.add(bell));
    return {
      [Symbol.dispose]: () => {
        bells.delete(bell);
        if (bells.size === 0 && this.#bells.get(id) === bells) this.#bells.delete(id);
      },
    };
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}
