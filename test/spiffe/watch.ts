import { watchX509Context, type X509Event, type X509Source } from "../../src/spiffe/workload-api.ts";
import type { X509Context } from "../../src/spiffe/x509-context.ts";
import { systemClock } from "../../src/platform/node/clock.ts";
import { silentLog } from "../fakes/silent-log.ts";

/** A source for tests: real time, no jitter (the middle of its range). */
export function sourceAt(address: string, more: Partial<X509Source> = {}): X509Source {
  return { address, clock: systemClock, log: silentLog, random: () => 0.5, ...more };
}

/** A watch that a test pulls event by event; disposing it aborts and waits for its end. */
export class Watch implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #events: AsyncGenerator<X509Event, void, void>;

  constructor(source: X509Source) {
    this.#events = watchX509Context(source, this.#stop.signal);
  }

  async next(): Promise<X509Event> {
    const result = await this.#events.next();
    if (result.done === true) throw new Error("the watch ended");
    return result.value;
  }

  /** The next trouble; a context before it fails the test. */
  async trouble(): Promise<Extract<X509Event, { kind: "trouble" }>> {
    const event = await this.next();
    if (event.kind !== "trouble") throw new Error(`expected trouble, got ${event.context.svids.map(({ id }) => id).join(", ")}`);
    return event;
  }

  /** The next context; trouble before it fails the test. */
  async context(): Promise<X509Context> {
    const event = await this.next();
    if (event.kind !== "context") throw event.error;
    return event.context;
  }

  /** The first event that fits, whatever comes before. */
  async until<T>(pick: (event: X509Event) => T | undefined): Promise<T> {
    for (;;) {
      const picked = pick(await this.next());
      if (picked !== undefined) return picked;
    }
  }

  stop(): void {
    this.#stop.abort(new Error("the test stopped the watch"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    while (!(await this.#events.next()).done);
  }
}
