/** Whether the application counts as ready, and what it takes to change that. */
export interface Verdict {
  readonly ready: boolean;
  /** The last failure; undefined after a success. */
  readonly why: string | undefined;
  /** Answers in a row that contradict `ready`. */
  readonly against: number;
}

/** Before the first answer nothing is ready. */
export const initialVerdict: Verdict = { ready: false, why: "it was not asked yet", against: 0 };

/** One success makes ready, three failures in a row unready: Kubernetes' own defaults. */
export const thresholds = { success: 1, failure: 3 } as const;

/** The verdict after one more answer: a failure, or undefined for a success. */
export function planThreshold(before: Verdict, failure: string | undefined): Verdict {
  const contradicts = (failure === undefined) !== before.ready;
  const against = contradicts ? before.against + 1 : 0;
  const needed = before.ready ? thresholds.failure : thresholds.success;
  if (against < needed) return { ready: before.ready, why: failure, against };
  return { ready: !before.ready, why: failure, against: 0 };
}
