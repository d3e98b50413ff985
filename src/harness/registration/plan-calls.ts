import { jitteredDelay } from "../../base/backoff.ts";
import type { ClientOutcome } from "../../registration/client.ts";
import type { ReceivedRefusal } from "../../registration/error-details.ts";
import type { RegisteredMachine, RenewedMachine } from "../../registration/messages-calls.ts";
import { isReason, reasons, type NextStep } from "../../registration/reasons.ts";

/** Which call comes next, and when; times are monotonic milliseconds. */
export interface Course {
  readonly call: "register" | "renew";
  /** The call is made then at the latest. */
  readonly dueAt: number;
  /** News of this machine's health may bring the call forward to this moment, not further. */
  readonly earliest: number;
  /** Calls in a row that did not succeed. */
  readonly failures: number;
}

/** When an answer came, and chance in [0, 1). */
export interface Moment {
  readonly now: number;
  readonly random: number;
}

/** Pauses of a service that does not answer, milliseconds: longer while nothing is registered, for then nothing is lost by waiting. */
const pauses = { register: { first: 1000, most: 30_000 }, renew: { first: 1000, most: 10_000 } } as const;
/** What a refusal waits for when the service gave no time: somebody must change something. */
const patience: Readonly<Record<Exclude<NextStep, "backoff" | "register">, number>> = { wait: 15_000, stay: 60_000, "renew-instance": 60_000, change: 300_000 };
/** Whoever must register again and again has more to wait for than a lost workload. */
const leastGap = 1000;

/** Where every start begins: registering, at once. */
export function planStart(now: number): Course {
  return { call: "register", dueAt: now, earliest: now, failures: 0 };
}

/** The course after a registration was answered. */
export function planAfterRegister(before: Course, outcome: ClientOutcome<RegisteredMachine>, moment: Moment): Course {
  if (!outcome.ok) return planAfterRefusal(before, outcome.refusal, moment);
  const earliest = moment.now + leastGap;
  return { call: "renew", dueAt: Math.max(earliest, moment.now + spread(outcome.answer.lease.renewInterval, moment)), earliest, failures: 0 };
}

/** The course after a renewal was answered. */
export function planAfterRenew(before: Course, outcome: ClientOutcome<RenewedMachine>, moment: Moment): Course {
  if (!outcome.ok) return planAfterRefusal(before, outcome.refusal, moment);
  const { lease, configChanged, minNextCall } = outcome.answer;
  const earliest = moment.now + Math.max(leastGap, minNextCall);
  if (configChanged) return { call: "register", dueAt: earliest, earliest, failures: 0 };
  return { call: "renew", dueAt: Math.max(earliest, moment.now + spread(lease.renewInterval, moment)), earliest, failures: 0 };
}

/** True when the service said something of this machine, and it is not part of the mesh by it: a service that is away, busy, or newer than this version says nothing. */
export function isStandingRefusal(reason: string): boolean {
  if (!isReason(reason) || reason === "QUOTA") return false;
  const { next } = reasons[reason];
  return next !== "backoff" && next !== "register";
}

type Refused = Pick<ReceivedRefusal, "next" | "retryAfter">;

function planAfterRefusal({ call, failures }: Course, refusal: Refused, moment: Moment): Course {
  // A renewal that is told that its workload is gone was heard: what failed before it was another matter.
  const lost = call === "renew" && refusal.next === "register";
  const count = lost ? 1 : failures + 1;
  const wait = lost ? 0 : pauseAfter(refusal, { call, failures: count }, moment);
  const dueAt = moment.now + Math.max(wait, refusal.retryAfter ?? 0);
  return { call: lost ? "register" : call, dueAt, earliest: dueAt, failures: count };
}

function pauseAfter({ next, retryAfter }: Refused, { call, failures }: Pick<Course, "call" | "failures">, { random }: Moment): number {
  if (next === "backoff") return jitteredDelay(failures, pauses[call], random);
  // Told to register while it registers: no accident, and asking again at once would not end.
  if (next === "register") return Math.max(leastGap, jitteredDelay(failures, pauses.register, random));
  // A tenth more at most, so that those whom the service told the same do not come back together; never less than it said.
  return Math.max(leastGap, retryAfter ?? patience[next]) * (1 + random / 10);
}

// Machines that were started together shall not call together.
function spread(interval: number, { random }: Moment): number {
  return interval * (0.9 + 0.2 * random);
}
