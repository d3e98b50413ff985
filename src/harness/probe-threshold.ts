import type { Problem } from "./problem.ts";

/** Whether the application counts as ready, and what it takes to change that. */
export interface Verdict {
  readonly ready: boolean;
  /** The last failure; undefined after a success. */
  readonly why: string | undefined;
  /** Answers in a row that contradict `ready`. */
  readonly against: number;
  /** What somebody has to do before the application can be asked at all. */
  readonly problem?: Problem | undefined;
}

/** Answers in a row after which the verdict turns. */
export interface Thresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** Before the first answer nothing is ready. */
export const initialVerdict: Verdict = { ready: false, why: "it was not asked yet", against: 0 };

/** The verdict after one more answer: a failure, or undefined for a success. */
export function planThreshold(before: Verdict, failure: string | undefined, { successThreshold, failureThreshold }: Thresholds): Verdict {
  const contradicts = (failure === undefined) !== before.ready;
  const against = contradicts ? before.against + 1 : 0;
  const needed = before.ready ? failureThreshold : successThreshold;
  return contradicts && against >= needed ? { ready: !before.ready, why: failure, against: 0 } : { ready: before.ready, why: failure, against };
}
