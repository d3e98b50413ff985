import { watch, type FSWatcher } from "node:fs";
import { Bell } from "../../base/bell.ts";
import { systemClock } from "./clock.ts";

/** How soon what changed is told, and how long may pass without a word; milliseconds. */
export interface WatchTimes {
  /** Changes of one moment are told once, when it is over. */
  readonly settle: number;
  readonly poll: number;
}

const usual: WatchTimes = { settle: 100, poll: 10_000 };

/** Says that a folder may have changed: once at first, when the system tells of a change, and at the latest every ten seconds. */
export async function* watchFolder(path: string, signal: AbortSignal, given: Partial<WatchTimes> = {}): AsyncGenerator<void, void, void> {
  const times = { ...usual, ...given };
  using ear = new Ear(path);
  while (!signal.aborted) {
    // Before the reader looks, so that nothing is missed in between; anew each time, for the folder itself may be another one.
    ear.open();
    const { next } = ear.bell;
    yield;
    await pass(times.poll, AbortSignal.any([signal, next]));
    if (next.aborted) await pass(times.settle, signal);
  }
}

/** Listens to the system. Shares of a network tell nothing, an absent folder cannot be listened to, and watches run out: then there is only the poll. */
class Ear implements Disposable {
  readonly bell = new Bell();
  readonly #path: string;
  #watcher: FSWatcher | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
    const before = this.#watcher;
    this.#watcher = this.#listen();
    before?.close();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }

  #listen(): FSWatcher | undefined {
    try {
      return watch(this.#path, () => this.bell.ring()).on("error", () => undefined);
    } catch {
      return undefined;
    }
  }
}

async function pass(milliseconds: number, signal: AbortSignal): Promise<void> {
  await systemClock.sleep(milliseconds, signal).catch(() => undefined);
}
