import { jitteredDelay } from "../../base/backoff.ts";
import type { ClientOutcome } from "../../registration/client.ts";
import type { RegisteredMachine, RenewedMachine } from "../../registration/messages-calls.ts";
import type { NextStep } from "../../registration/reasons.ts";

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
const patience: Readonly<Record<Exclude<NextStep, "backoff">, number>> = { wait: 15_000, register: 0, stay: 60_000, "renew-instance": 60_000, change: 300_000 };
/** Whoever must register again and again has more to wait for than a lost workload. */
const leastGap = 1000;

/** Where every start begins: registering, at once. */
export function planStart(now: number): Course {
  return { call: "register", dueAt: now, earliest: now, failures: 0 };
}

/** The course after a registration was answered. */
export function planAfterRegister(before: Course, outcome: ClientOutcome<RegisteredMachine>, moment: Moment): Course {
  if (!outcome.ok) return planAfterRefusal(before, outcome.refusal, moment);
  return { call: "renew", dueAt: moment.now + spread(outcome.answer.lease.renewInterval, moment), earliest: moment.now + leastGap, failures: 0 };
}

/** The course after a renewal was answered. */
export function planAfterRenew(before: Course, outcome: ClientOutcome<RenewedMachine>, moment: Moment): Course {
  if (!outcome.ok) return planAfterRefusal(before, outcome.refusal, moment);
  const { lease, configChanged, minNextCall } = outcome.answer;
  const earliest = moment.now + Math.max(leastGap, minNextCall);
  if (configChanged) return { call: "register", dueAt: earliest, earliest, failures: 0 };
  return { call: "renew", dueAt: Math.max(earliest, moment.now + spread(lease.renewInterval, moment)), earliest, failures: 0 };
}

/** True when the service said something of this machine, and it is not part of the mesh by it: a service that is away says nothing. */
export function isStandingRefusal(next: NextStep, reason: string): boolean {
  return next !== "backoff" && next !== "register" && reason !== "QUOTA";
}

function planAfterRefusal(before: Course, refusal: { readonly next: NextStep; readonly retryAfter: number | undefined }, moment: Moment): Course {
  const failures = before.failures + 1;
  const { next, retryAfter } = refusal;
  const call = next === "register" ? "register" : before.call;
  const pause = pauseAfter(refusal, { call: before.call, failures }, moment);
  // The first loss of a workload is made good at once; a second one in a row is no accident.
  const wait = next === "register" && failures > 1 ? Math.max(leastGap, jitteredDelay(failures, pauses.register, moment.random)) : Math.max(pause, retryAfter ?? 0);
  return { call, dueAt: moment.now + wait, earliest: moment.now + wait, failures };
}

function pauseAfter({ next, retryAfter }: { readonly next: NextStep; readonly retryAfter: number | undefined }, { call, failures }: Pick<Course, "call" | "failures">, moment: Moment): number {
  if (next === "backoff") return jitteredDelay(failures, pauses[call], moment.random);
  // A tenth more at most, so that those whom the service told the same do not come back together; never less than it said.
  return (retryAfter ?? patience[next]) * (1 + moment.random / 10);
}

// Machines that were started together shall not call together.
function spread(interval: number, { random }: Moment): number {
  return interval * (0.9 + 0.2 * random);
}
