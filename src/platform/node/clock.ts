import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../host.ts";

/** The system's own time. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      // The timer rejects with an AbortError of its own; callers want the reason they gave.
      signal.throwIfAborted();
      throw error;
    }
  },
};
