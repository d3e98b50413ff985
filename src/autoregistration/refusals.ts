import { renderKey, type ObjectKey } from "../model/external-group.ts";
import { refuseCall, type Refusal } from "../registration/reasons.ts";
import type { LeaseObject } from "./objects.ts";

/** Refusals that several calls share, in one wording. */
export const refusals = {
  groupMissing: (key: ObjectKey): Refusal => refuseCall("GROUP_NOT_FOUND", `There is no group ${renderKey(key)}.`),
  tokenInvalid: (): Refusal => refuseCall("LEASE_INVALID", "The lease token is not of this server, or not of this caller."),
  // Says no more than a wrong token would: whose the workload is by now is none of the caller's business.
  notYours: (): Refusal => refuseCall("LEASE_INVALID", "The lease is no longer the caller's."),
  workloadGone: (key: ObjectKey): Refusal => refuseCall("WORKLOAD_GONE", `The workload ${renderKey(key)} is gone.`),
  leaseGone: (key: ObjectKey): Refusal => refuseCall("WORKLOAD_GONE", `The lease of ${renderKey(key)} is gone.`),
  superseded: ({ epoch }: LeaseObject, retryAfter?: number): Refusal => refuseCall("SUPERSEDED", `A newer process of this machine (epoch ${epoch}) is registered.`, retryAfter),
  duplicate: (): Refusal => refuseCall("DUPLICATE_INSTANCE", "Two living processes use one instance id: a cloned machine, or the harness twice on one."),
} as const;
