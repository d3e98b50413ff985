/**
 * When the next probe is due, on the grid that the first one began: a slow probe makes its successors neither late nor
 * overlapping. Of those that it missed only the last is made up for, at once, as by a ticker that holds one tick.
 */
export function planNextProbe(due: number, now: number, period: number): number {
  return due + Math.max(1, Math.floor((now - due) / period)) * period;
}
