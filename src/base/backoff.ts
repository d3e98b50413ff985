/** Bounds of an exponential backoff, in milliseconds. */
export interface BackoffBounds {
  readonly first: number;
  readonly most: number;
}

/**
 * Delay before attempt `failures + 1`, after `failures` ≥ 1 failures in a row: doubles from `first` to `most`,
 * then spread over ±10 % by `random` in [0, 1), so that machines that failed together do not come back together.
 */
export function backoffDelay(failures: number, bounds: BackoffBounds, random: number): number {
  const plain = Math.min(bounds.most, bounds.first * 2 ** Math.min(failures - 1, 30));
  return plain * (0.9 + 0.2 * random);
}

/**
 * Delay before attempt `failures + 1` with full jitter: anything between a tenth of `first` and what doubling gives, by
 * `random` in [0, 1). For a thousand callers that all lost the same service: their calls then come evenly.
 */
export function jitteredDelay(failures: number, bounds: BackoffBounds, random: number): number {
  const plain = Math.min(bounds.most, bounds.first * 2 ** Math.min(failures - 1, 30));
  return Math.max(bounds.first / 10, plain * random);
}
