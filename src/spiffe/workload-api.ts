import { backoffDelay } from "../base/backoff.ts";
import { MeshError } from "../model/errors.ts";
import type { Clock, Log, PipeProblem } from "../platform/host.ts";
import { parseWorkloadApiAddress, renderWorkloadApiAddress, type WorkloadApiAddress } from "./address.ts";
import { callFetchX509Svid } from "./call.ts";
import { openConnection } from "./connection.ts";
import { explainFailure, isFinal, WorkloadApiFailure, type Failure } from "./failure.ts";
import { startTimer } from "./timer.ts";
import { parseX509Context, type X509Context } from "./x509-context.ts";

/** Where identities come from, and what waiting for them needs. */
export interface X509Source {
  /** Address of the Workload API in any of its forms. */
  readonly address: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** The selector by which SPIRE knows this process, as unix:uid:990; only for the sentence that says what entry is missing. */
  readonly selector?: string;
  /** Looks at a named pipe before it is used; without it, it is used as it is. */
  readonly probePipe?: (path: string) => Promise<PipeProblem | undefined>;
}

/** What happened on the way to an identity. */
export type X509Event =
  /** The full state: what is not in it any more was withdrawn. */
  | { readonly kind: "context"; readonly context: X509Context }
  /**
   * No news, and why. `retryIn` is the milliseconds until the next attempt; 0 says that the stream is still open
   * (an answer is late, or a message was of no use), so that nothing needs to be tried again.
   */
  | { readonly kind: "trouble"; readonly error: MeshError; readonly retryIn: number };

/** Delays between attempts. */
export const retryBounds = { first: 1_000, most: 30_000 };

/** How long the first answer may take before somebody is told; SPIRE may be syncing, so we go on waiting. */
export const answerWait = 10_000;

/**
 * Watches the identities of this process: connects, keeps the stream open, and comes back by itself after every failure.
 * Ends without an error when the signal is aborted. Throws only what trying again cannot cure: SPIRE_ADDRESS, SPIRE_HEADER.
 */
export async function* watchX509Context(source: X509Source, signal: AbortSignal): AsyncGenerator<X509Event, void, void> {
  const address = parseWorkloadApiAddress(source.address);
  const failures = { inARow: 0 };
  for (;;) {
    let thrown: unknown;
    try {
      yield* watchOnce({ source, address, failures }, signal);
    } catch (failure) {
      thrown = failure;
    }
    if (signal.aborted) return;
    const error = explain(thrown, source, address);
    failures.inARow += 1;
    const retryIn = Math.round(backoffDelay(failures.inARow, retryBounds, source.random()));
    yield { kind: "trouble", error, retryIn };
    await source.clock.sleep(retryIn, signal).catch(() => undefined);
  }
}

/** The first identities that SPIRE gives; when the signal times out before, the error is the reason why there were none. */
export async function firstX509Context(source: X509Source, signal: AbortSignal): Promise<X509Context> {
  let last: MeshError | undefined;
  for await (const event of watchX509Context(source, signal)) {
    if (event.kind === "context") return event.context;
    last = event.error;
  }
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  if (!timedOut) throw signal.reason;
  throw last ?? new MeshError("SPIRE_SILENT", {
    doing: `asking SPIRE at ${source.address} for this machine's identity`,
    what: "it took the connection and did not answer in time",
    target: source.address,
  });
}

interface Attempt {
  readonly source: X509Source;
  readonly address: WorkloadApiAddress;
  readonly failures: { inARow: number };
}

/** One connection, for as long as it lasts. */
async function* watchOnce({ source, address, failures }: Attempt, signal: AbortSignal): AsyncGenerator<X509Event, never, void> {
  await using connection = await openConnection(address, { clock: source.clock, probePipe: source.probePipe ?? trustful }, signal);
  const close = (): void => connection.session.destroy();
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    source.log.write("debug", "connected to the Workload API", { address: renderWorkloadApiAddress(address) });
    const messages = callFetchX509Svid(connection.session);
    for await (const message of withPatience(messages, source.clock, signal)) {
      if (message === "late") {
        yield trouble({ kind: "silent", phase: "answer", seconds: answerWait / 1000 }, source, address);
        continue;
      }
      const event = readMessage(message, source.clock);
      if (event.kind === "context") failures.inARow = 0;
      yield event;
    }
    throw new WorkloadApiFailure({ kind: "cut", detail: "without a status" });
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function trustful(): Promise<undefined> {
  return Promise.resolve(undefined);
}

/** A message that breaks the rules is told and skipped: the stream is sound, and asking again would bring the same. */
function readMessage(message: Uint8Array, clock: Clock): X509Event {
  try {
    return { kind: "context", context: parseX509Context(message, clock.now()) };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return { kind: "trouble", error, retryIn: 0 };
  }
}

/** The messages, with one `late` before the first when that takes long. */
async function* withPatience(messages: AsyncGenerator<Uint8Array, never, void>, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array | "late", void, void> {
  const stop = new AbortController();
  const first = messages.next();
  const late = startTimer(clock, answerWait, AbortSignal.any([signal, stop.signal])).then(() => "late" as const);
  try {
    if (await Promise.race([first, late]) === "late") yield "late";
    yield (await first).value;
    stop.abort();
    yield* messages;
  } finally {
    stop.abort();
    first.catch(() => undefined);
    // Not awaited: while the first answer is pending it would wait for the stream, which the caller closes after us.
    void messages.return(undefined as never);
  }
}

function trouble(failure: Failure, source: X509Source, address: WorkloadApiAddress): X509Event {
  return { kind: "trouble", error: explain(new WorkloadApiFailure(failure), source, address), retryIn: 0 };
}

/** The error for the user; what cannot be cured by trying again is thrown. */
function explain(thrown: unknown, source: X509Source, address: WorkloadApiAddress): MeshError {
  if (!(thrown instanceof WorkloadApiFailure)) throw thrown;
  const error = explainFailure(thrown.failure, { address: renderWorkloadApiAddress(address), selector: source.selector, cause: thrown.cause });
  if (isFinal(thrown.failure)) throw error;
  return error;
}
