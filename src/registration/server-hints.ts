import { once } from "node:events";
import { untilAborted } from "../base/abort.ts";
import type { WatchEvent } from "./generated/registration.ts";

/** The writable end of a Watch. */
export interface HintStream extends NodeJS.EventEmitter {
  write(hint: WatchEvent): boolean;
  end(): void;
}

/** What is written where, until when. */
export interface HintWork {
  readonly stream: HintStream;
  readonly hints: AsyncIterable<WatchEvent>;
  readonly signal: AbortSignal;
  readonly draining: AbortSignal;
}

/** Writes hints as fast as the machine reads them; when the server drains, says so last. */
export async function writeHints({ stream, hints, signal, draining }: HintWork): Promise<void> {
  const iterator = hints[Symbol.asyncIterator]();
  try {
    while (!signal.aborted) {
      const next = await untilAborted(iterator.next(), signal);
      if (next.done === true) break;
      if (!stream.write(next.value)) await once(stream, "drain", { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // Not awaited: a generator that waits for its next hint ends only when its own signal tells it.
    void iterator.return?.()?.catch(() => undefined);
  }
  if (draining.aborted) stream.write({ e: { $case: "serverDraining", value: true } });
  stream.end();
}
