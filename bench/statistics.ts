/** What several values come to. */
export interface Summary {
  readonly runs: number;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Median and spread. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const median = ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2;
  return { runs: sorted.length, median, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN };
}

/** The value that a share of all values does not exceed, by nearest rank; `share` is above 0 and at most 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}
