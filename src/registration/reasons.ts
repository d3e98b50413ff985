import type { status } from "@grpc/grpc-js";

/** Domain of our `google.rpc.ErrorInfo`. */
export { ownDomain as errorDomain } from "../model/external-group.ts";

/**
 * What the caller does next: `wait` calls again after `retryAfter`; `backoff` by its own growing pauses; `register`
 * registers at once; `stay` keeps up, not ready, and tells the operator; `renew-instance` takes a new instance id when its
 * machine is another one, and stays otherwise; `change` waits until somebody changes the settings.
 */
export type NextStep = "wait" | "backoff" | "register" | "stay" | "renew-instance" | "change";

interface ReasonRow {
  readonly code: keyof typeof status;
  readonly next: NextStep;
  /** When to call again, milliseconds; left to the caller's backoff where it is missing. */
  readonly retryAfter?: number;
}

/** Every reason for which the registration service refuses a call; the reason travels in ErrorInfo and decides, the message is for people. */
export const reasons = {
  GROUP_NOT_FOUND: { code: "FAILED_PRECONDITION", next: "wait", retryAfter: 15_000 },
  IDENTITY_NOT_ALLOWED: { code: "PERMISSION_DENIED", next: "wait", retryAfter: 60_000 },
  NO_IDENTITY: { code: "UNAUTHENTICATED", next: "backoff" },
  ADDRESS_IN_USE: { code: "ALREADY_EXISTS", next: "wait", retryAfter: 60_000 },
  ADDRESS_NOT_ALLOWED: { code: "PERMISSION_DENIED", next: "wait", retryAfter: 60_000 },
  ADDRESS_INVALID: { code: "INVALID_ARGUMENT", next: "change" },
  LABEL_NOT_ALLOWED: { code: "PERMISSION_DENIED", next: "wait", retryAfter: 60_000 },
  GROUP_FULL: { code: "RESOURCE_EXHAUSTED", next: "wait", retryAfter: 60_000 },
  REQUEST_INVALID: { code: "INVALID_ARGUMENT", next: "change" },
  SUPERSEDED: { code: "ABORTED", next: "stay", retryAfter: 60_000 },
  DUPLICATE_INSTANCE: { code: "FAILED_PRECONDITION", next: "renew-instance", retryAfter: 60_000 },
  WORKLOAD_GONE: { code: "NOT_FOUND", next: "register" },
  LEASE_INVALID: { code: "FAILED_PRECONDITION", next: "register" },
  QUOTA: { code: "RESOURCE_EXHAUSTED", next: "wait" },
  UNAVAILABLE: { code: "UNAVAILABLE", next: "backoff" },
} as const satisfies Record<string, ReasonRow>;

/** A reason of the table. */
export type Reason = keyof typeof reasons;

/** A call that was refused. */
export interface Refusal {
  readonly reason: Reason;
  readonly code: keyof typeof status;
  /** When to call again, milliseconds; undefined leaves it to the caller's backoff. */
  readonly retryAfter: number | undefined;
  /** One sentence for people; nothing decides by it. */
  readonly message: string;
}

/** The refusal for a reason, with the table's code; `retryAfter` only where the server knows better than the table. */
export function refuseCall(reason: Reason, message: string, retryAfter?: number): Refusal {
  const row: ReasonRow = reasons[reason];
  return { reason, code: row.code, retryAfter: retryAfter ?? row.retryAfter, message };
}

/** True for a text that is a reason of the table; a newer server may know others. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}
