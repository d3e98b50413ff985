/** How often something may happen: so many per second on average, `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What is left of a rate at a monotonic time; a bucket that nobody has touched is full and need not be kept. */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** Whether it may happen now, in milliseconds to wait (0 is now), and the bucket afterwards. */
export interface Take {
  readonly wait: number;
  readonly bucket: Bucket;
}

/** Takes one token; refusing takes none, so that impatience is not punished. */
export function takeToken(bucket: Bucket | undefined, rate: Rate, now: number): Take {
  const tokens = readTokens(bucket, rate, now);
  if (tokens >= 1) return { wait: 0, bucket: { tokens: tokens - 1, at: now } };
  return { wait: Math.ceil(((1 - tokens) / rate.perSecond) * 1000), bucket: { tokens, at: now } };
}

/** True when time has refilled the bucket, so that forgetting it changes nothing. */
export function isFull(bucket: Bucket, rate: Rate, now: number): boolean {
  return readTokens(bucket, rate, now) >= rate.burst;
}

function readTokens(bucket: Bucket | undefined, rate: Rate, now: number): number {
  if (bucket === undefined) return rate.burst;
  // Rounded, so that a wait that was told in whole milliseconds is enough when it is over.
  const refilled = Math.round((bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate.perSecond) * 1e6) / 1e6;
  return Math.min(rate.burst, refilled);
}
