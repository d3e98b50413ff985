import type { Caller } from "./caller.ts";
import type { DeregisterRequest, DeregisterResponse, RegisterRequest, RegisterResponse, RenewRequest, RenewResponse, WatchEvent, WatchRequest } from "./generated/registration.ts";
import type { Refusal } from "./reasons.ts";

/** The answer to a call, or why there is none. */
export type CallOutcome<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly refusal: Refusal };

/** One call: its message as it came, unjudged; who makes it; and when nobody waits for the answer any more. */
export type Handle<Q, A> = (request: Q, caller: Caller, signal: AbortSignal) => Promise<CallOutcome<A>>;

/** What the registration service does, without its wire. A handler that throws is answered for with INTERNAL. */
export interface RegistrationHandlers {
  readonly register: Handle<RegisterRequest, RegisterResponse>;
  readonly renew: Handle<RenewRequest, RenewResponse>;
  readonly deregister: Handle<DeregisterRequest, DeregisterResponse>;
  /** Hints as they come; the wire itself adds that the server drains. */
  readonly watch: Handle<WatchRequest, AsyncIterable<WatchEvent>>;
}
