import { AsyncQueue } from "../base/async-queue.ts";
import type { ObjectKey } from "../model/external-group.ts";

/** Who wants to hear of changes to a store within this process. */
export class StoreWatchers {
  readonly #queues = new Set<AsyncQueue<ObjectKey>>();

  tell(key: ObjectKey): void {
    for (const queue of this.#queues) queue.push(key);
  }

  /** Hears everything from this call on, whenever the reading begins; ends with the signal or the store. */
  watch(signal: AbortSignal): AsyncIterable<ObjectKey> {
    const queue = new AsyncQueue<ObjectKey>();
    const leave = (): void => {
      this.#queues.delete(queue);
      signal.removeEventListener("abort", leave);
      queue.end();
    };
    if (signal.aborted) leave();
    else this.#queues.add(queue);
    signal.addEventListener("abort", leave, { once: true });
    return follow(queue, leave);
  }

  end(): void {
    for (const queue of this.#queues) queue.end();
    this.#queues.clear();
  }
}

async function* follow(queue: AsyncQueue<ObjectKey>, leave: () => void): AsyncGenerator<ObjectKey, void, void> {
  try {
    yield* queue;
  } finally {
    leave();
  }
}
