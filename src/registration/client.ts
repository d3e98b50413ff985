import { status, type ServiceError } from "@grpc/grpc-js";
import type { Clock, Log } from "../platform/host.ts";
import { ClientChannel, fingerprintOf, isServiceError, type ServiceAddress, type UnaryCall, type UnaryMethod } from "./client-channel.ts";
import { decodeRefusal, detailsTrailer, type ReceivedRefusal } from "./error-details.ts";
import { RegistrationService } from "./generated/registration.ts";
import {
  decodeDeregistered, decodeRegistered, decodeRenewed, encodeDeregister, encodeRegister, encodeRenew,
  type DeregisterAsk, type RegisterAsk, type RegisteredMachine, type RenewAsk, type RenewedMachine,
} from "./messages-calls.ts";
import { refuseCall, reasons } from "./reasons.ts";
import type { TlsIdentity } from "./tls-identity.ts";

/** The answer to a call, or why there is none. */
export type ClientOutcome<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly refusal: ReceivedRefusal };

/** What a registration client is opened with. */
export interface RegistrationClientOptions extends ServiceAddress {
  /** Our identity as it is now; asked before each call, and another one means another connection. */
  readonly identity: () => TlsIdentity | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a call may take, milliseconds. */
  readonly callLimit?: number;
}

/** A machine's side of the wire. Calls reject only with their signal's reason; everything else is an outcome. */
export interface RegistrationClient extends Disposable {
  register(ask: RegisterAsk, signal: AbortSignal): Promise<ClientOutcome<RegisteredMachine>>;
  renew(ask: RenewAsk, signal: AbortSignal): Promise<ClientOutcome<RenewedMachine>>;
  /** Resolves to how long peers take to notice, milliseconds. */
  deregister(ask: DeregisterAsk, signal: AbortSignal): Promise<ClientOutcome<number>>;
}

/** Reasons that the machine's own side adds to those of the service. */
export type LocalReason = "SERVER_NAME" | "ANSWER_INVALID";

const callLimit = 5_000;

/** Makes a client; it connects with its first call. */
export function openRegistrationClient(options: RegistrationClientOptions): RegistrationClient {
  const line = new Line(options);
  return {
    register: async (ask, signal) => judgeIdentity(await line.call(RegistrationService.register, { request: encodeRegister(ask), decode: decodeRegistered }, signal), options.identity()),
    renew: (ask, signal) => line.call(RegistrationService.renew, { request: encodeRenew(ask), decode: decodeRenewed }, signal),
    deregister: (ask, signal) => line.call(RegistrationService.deregister, { request: encodeDeregister(ask), decode: decodeDeregistered }, signal),
    [Symbol.dispose]: () => line.close(),
  };
}

interface Question<Q, A, T> {
  readonly request: Q;
  readonly decode: (answer: A) => T | undefined;
}

type Attempt<A> = { readonly answer: A } | { readonly refusal: ReceivedRefusal; readonly severed?: true };

/** The connection to the service, which changes under its calls without their noticing. */
class Line {
  readonly #options: RegistrationClientOptions;
  #channel: ClientChannel | undefined;

  constructor(options: RegistrationClientOptions) {
    this.#options = options;
  }

  async call<Q, A, T>(method: UnaryMethod<Q, A>, { request, decode }: Question<Q, A, T>, signal: AbortSignal): Promise<ClientOutcome<T>> {
    signal.throwIfAborted();
    const identity = this.#options.identity();
    if (identity === undefined) return { ok: false, refusal: refuseLocally("NO_IDENTITY", "This machine has no identity yet.") };
    const expired = judgeOwnExpiry(identity, this.#options.clock.now());
    if (expired !== undefined) return { ok: false, refusal: expired };
    const started = this.#options.clock.monotonic();
    const first = await this.#attempt(identity, { method, request, limit: this.#limit }, signal);
    // A connection that worked may be closed by the server while a call is on its way. Every call of this wire may be made
    // twice, so another connection gets one more try, in what is left of the time.
    const left = this.#limit - (this.#options.clock.monotonic() - started);
    const last = "severed" in first && left > 0 ? await this.#attempt(identity, { method, request, limit: left }, signal) : first;
    if ("refusal" in last) return { ok: false, refusal: last.refusal };
    const answer = decode(last.answer);
    if (answer !== undefined) return { ok: true, answer };
    return { ok: false, refusal: refuseLocally("ANSWER_INVALID", "The registration service gave an answer that this version cannot use.") };
  }

  close(): void {
    this.#channel?.retire();
    this.#channel = undefined;
  }

  #channelFor(identity: TlsIdentity): ClientChannel {
    if (this.#channel?.fingerprint === fingerprintOf(identity)) return this.#channel;
    this.close();
    this.#options.log.write("debug", "connecting to the registration service", { server: this.#options.serverName, fingerprint: identity.fingerprint });
    this.#channel = new ClientChannel(this.#options, identity);
    return this.#channel;
  }

  async #attempt<Q, A>(identity: TlsIdentity, call: UnaryCall<Q, A>, signal: AbortSignal): Promise<Attempt<A>> {
    const channel = this.#channelFor(identity);
    try {
      return { answer: await channel.call(call, signal) };
    } catch (error) {
      if (!isServiceError(error)) throw error;
      const refusal = decodeRefusal(error);
      if (isConnectionSuspect(error) && this.#channel === channel) this.close();
      if (error.code !== status.UNAVAILABLE || isAnswered(error)) return { refusal };
      if (channel.nameRefused) return { refusal: { ...refusal, reason: "SERVER_NAME" satisfies LocalReason } };
      return channel.proven ? { refusal, severed: true } : { refusal };
    }
  }

  get #limit(): number {
    return this.#options.callLimit ?? callLimit;
  }
}

// One that swallows calls may be dead for long before the system notices, and one that was never made would wait out the
// library's own pauses with yesterday's address: the next call, which has its own pause behind it, takes another.
function isConnectionSuspect(error: ServiceError): boolean {
  return !isAnswered(error) && (error.code === status.DEADLINE_EXCEEDED || error.code === status.UNAVAILABLE);
}

/** The service itself refused, not something on the way to it. */
function isAnswered({ metadata }: ServiceError): boolean {
  return metadata.get(detailsTrailer).length > 0;
}

function judgeOwnExpiry(identity: TlsIdentity, now: Date): ReceivedRefusal | undefined {
  if (now.getTime() < identity.expiresAt.getTime()) return undefined;
  return refuseLocally("NO_IDENTITY", `This machine's own certificate expired at ${identity.expiresAt.toISOString()}, and no other came.`);
}

function judgeIdentity(outcome: ClientOutcome<RegisteredMachine>, own: TlsIdentity | undefined): ClientOutcome<RegisteredMachine> {
  if (!outcome.ok || own === undefined || outcome.answer.identity === own.id) return outcome;
  return { ok: false, refusal: refuseLocally("NO_IDENTITY", `The registration service takes this machine for ${outcome.answer.identity}, and it is ${own.id}.`) };
}

function refuseLocally(reason: "NO_IDENTITY" | "ANSWER_INVALID", message: string): ReceivedRefusal {
  if (reason === "ANSWER_INVALID") return { reason, code: "INTERNAL", next: "backoff", retryAfter: undefined, message };
  return { ...refuseCall(reason, message), next: reasons[reason].next };
}
