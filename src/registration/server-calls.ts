import { Metadata, status, type handleServerStreamingCall, type handleUnaryCall } from "@grpc/grpc-js";
import { untilAborted } from "../base/abort.ts";
import type { Clock, Log } from "../platform/host.ts";
import { judgeExpiry, type ReadCaller } from "./caller.ts";
import { encodeRefusal, type GrpcStatus } from "./error-details.ts";
import type { RegistrationServer as Implementation, WatchEvent, WatchRequest } from "./generated/registration.ts";
import { refuseCall } from "./reasons.ts";
import type { CallOutcome, Handle, RegistrationHandlers } from "./server-handlers.ts";
import { writeHints } from "./server-hints.ts";

/** A call as both kinds have it, as far as it matters here. */
export interface ServerCall {
  readonly metadata: Metadata;
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Uint8Array } };
  on(event: "cancelled", listener: () => void): unknown;
}

/** What every call is served with. */
export interface CallDesk {
  readonly readCaller: (call: ServerCall) => ReadCaller;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a handler may take, milliseconds. */
  readonly limit: number;
  /** How long hints may flow before the machine has to ask anew, milliseconds. */
  readonly watchLimit: number;
  /** Aborted when the server drains. */
  readonly draining: AbortSignal;
}

/** The service as the gRPC library takes it: identity first, then the handler, within its time. */
export function serveCalls({ register, renew, deregister, watch }: RegistrationHandlers, desk: CallDesk): Implementation {
  return { register: serveUnary(register, desk), renew: serveUnary(renew, desk), deregister: serveUnary(deregister, desk), watch: serveWatch(watch, desk) };
}

function serveUnary<Q, A>(handle: Handle<Q, A>, desk: CallDesk): handleUnaryCall<Q, A> {
  return (call, done) => {
    const life = openLife(call, desk.limit);
    void answer(call, desk, (caller) => untilAborted(handle(call.request, caller, life.signal), life.signal)).then((outcome) => {
      life.end();
      if ("answer" in outcome) done(null, outcome.answer);
      else done(outcome);
    });
  };
}

function serveWatch(handle: RegistrationHandlers["watch"], desk: CallDesk): handleServerStreamingCall<WatchRequest, WatchEvent> {
  return (stream) => {
    const life = openLife(stream, desk.watchLimit, desk.draining);
    const work = async (): Promise<void> => {
      const outcome = await answer(stream, desk, async (caller) => {
        const proven = caller.expiresAt && caller.expiresAt.getTime() - desk.clock.now().getTime();
        life.shorten(proven);
        return untilAborted(handle(stream.request, caller, life.signal), life.signal);
      });
      if ("answer" in outcome) await writeHints({ stream, hints: outcome.answer, signal: life.signal, draining: desk.draining });
      else stream.emit("error", outcome);
    };
    void work().catch((error: unknown) => stream.emit("error", renderFailure(error, desk))).finally(() => life.end());
  };
}

type Caller = Extract<ReadCaller, { ok: true }>["caller"];

async function answer<A>(call: ServerCall, desk: CallDesk, work: (caller: Caller) => Promise<CallOutcome<A>>): Promise<{ readonly answer: A } | GrpcStatus> {
  try {
    const read = desk.readCaller(call);
    if (!read.ok) return encodeRefusal(read.refusal);
    const expired = judgeExpiry(read.caller, desk.clock.now());
    if (expired !== undefined) return encodeRefusal(expired);
    const outcome = await work(read.caller);
    return outcome.ok ? { answer: outcome.answer } : encodeRefusal(outcome.refusal);
  } catch (error) {
    return renderFailure(error, desk);
  }
}

/** Our own end of a call; the reason never leaves as anything else. */
class CallOver extends Error {}

function renderFailure(error: unknown, { log }: CallDesk): GrpcStatus {
  if (error instanceof CallOver) return encodeRefusal(refuseCall("UNAVAILABLE", error.message));
  // The text of what we did not foresee is for our log, not for the machine.
  log.write("error", "a call failed in a way that was not foreseen", { error: String(error) });
  return { code: status.INTERNAL, details: "The registration service failed; its log says why.", metadata: new Metadata() };
}

interface Life {
  readonly signal: AbortSignal;
  shorten(milliseconds: number | undefined): void;
  end(): void;
}

/** A call lives until it is cancelled, its deadline passes, its time here is over or, for hints, the server drains. */
function openLife(call: ServerCall, limit: number, draining?: AbortSignal): Life {
  const over = new AbortController();
  let ended = false;
  // The library tells every call at its end that it is cancelled, also one that was answered.
  const cut = (why: string) => (): void => (ended ? undefined : over.abort(new CallOver(why)));
  const onDrain = cut("The server drains.");
  const timers = [setTimeout(cut("The registration service took too long."), limit)];
  call.on("cancelled", cut("Nobody waits for the answer any more."));
  if (draining?.aborted === true) onDrain();
  draining?.addEventListener("abort", onDrain, { once: true });
  return {
    signal: over.signal,
    shorten: (milliseconds) => {
      if (milliseconds !== undefined && milliseconds < limit) timers.push(setTimeout(cut("The client's certificate expired."), milliseconds));
    },
    end: () => {
      ended = true;
      for (const timer of timers) clearTimeout(timer);
      draining?.removeEventListener("abort", onDrain);
    },
  };
}
