import { decodeRefusal, encodeRefusal, type ReceivedRefusal } from "../../../src/registration/error-details.ts";
import type { LeaseGrant, RegisteredMachine, RenewedMachine } from "../../../src/registration/messages-calls.ts";
import { refuseCall, type Reason } from "../../../src/registration/reasons.ts";
import type { ClientOutcome } from "../../../src/registration/client.ts";
import type { Health } from "../../../src/harness/registration/plan-health.ts";

/** The identity of the machine in these tests. */
export const identity = "spiffe://mesh.test/vm";

/** A lease as the service grants it by default. */
export const lease: LeaseGrant = { token: "t1", duration: 40_000, renewInterval: 10_000, deregisterAfter: 600_000 };

/** What a machine that joins is told. */
export function registered(change: Partial<RegisteredMachine> = {}): RegisteredMachine {
  return {
    workload: { namespace: "shop", name: "orders-1" }, uid: "u1", identity, serverName: "orders-1.shop.external.identity.linkerd.cluster.local",
    lease, probe: undefined, ports: [], proxy: {}, configVersion: "c1", ...change,
  };
}

/** What a machine that stays is told. */
export function renewed(change: Partial<RenewedMachine> = {}): RenewedMachine {
  return { lease, configChanged: false, minNextCall: 1000, healthSeqApplied: 1, ...change };
}

/** An answer as a client gives it. */
export function agreed<T>(answer: T): ClientOutcome<T> {
  return { ok: true, answer };
}

/** A refusal of the service, as it comes over the wire. */
export function refusal(reason: Reason, retryAfter?: number): ReceivedRefusal {
  return decodeRefusal(encodeRefusal(refuseCall(reason, `told ${reason}`, retryAfter)));
}

/** A service that nobody answers for. */
export const away: ReceivedRefusal = { reason: "UNAVAILABLE", code: "UNAVAILABLE", next: "backoff", retryAfter: undefined, message: "no connection" };

/** Refused, as a client tells it. */
export function refused(why: ReceivedRefusal): { readonly ok: false; readonly refusal: ReceivedRefusal } {
  return { ok: false, refusal: why };
}

/** A machine that serves. */
export const ready: Health = { state: "Ready", reason: "Serving", message: "", proxyReady: true, identityReady: true, redirectReady: true, applicationReady: true };
/** The same before its proxy is there. */
export const starting: Health = { ...ready, state: "NotReady", reason: "ProxyNotReady", message: "it is not started yet", proxyReady: false };
