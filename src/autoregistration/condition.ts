import type { HealthReport } from "./calls.ts";
import type { ReadyCondition } from "./objects.ts";

/** What a condition shall say; since when follows from what it said before. */
export type WantedCondition = Omit<ReadyCondition, "since">;

/** The reasons that the server itself gives; Kubernetes demands CamelCase. */
export type ServerReason = "Registered" | "NotReady" | "Ready" | "Draining" | "Left" | "LeaseExpired" | "LeaseMissing" | "DuplicateInstance" | "NotAdmitted" | "GroupGone";

const longestMessage = 1024;
const reasonForm = /^[A-Za-z](?:[A-Za-z0-9_,:]{0,1022}[A-Za-z0-9_])?$/u;

/** A condition that the server sets by its own judgement: not ready. */
export function notReady(reason: ServerReason, message: string): WantedCondition {
  return { ready: false, reason, message: renderMessage(message) };
}

/** What a machine's own report makes of its workload; `silent` stands where a machine gives no reason. */
export function conditionOfHealth({ state, reason, message }: HealthReport, silent: ServerReason = "NotReady"): WantedCondition {
  const given = reasonForm.test(reason) ? reason : undefined;
  const text = renderMessage(message);
  if (state === "Ready") return { ready: true, reason: given ?? "Ready", message: text };
  return { ready: false, reason: state === "Draining" ? "Draining" : (given ?? silent), message: text };
}

/**
 * The condition to write, or undefined when the stored one says the same. Another message alone is no reason to write:
 * each write wakes every consumer, and they read only `ready`.
 */
export function planCondition(stored: ReadyCondition | undefined, wanted: WantedCondition, now: number): ReadyCondition | undefined {
  if (stored?.ready === wanted.ready && stored.reason === wanted.reason) return undefined;
  return { ...wanted, since: stored?.ready === wanted.ready ? stored.since : new Date(now).toISOString() };
}

// One line of printable text, for it ends up in terminals and in other people's tables.
function renderMessage(message: string): string {
  return message.slice(0, longestMessage).toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}
