/** A promise that rejects with the signal's reason once it is aborted, and the means to stop listening. */
export function whenAborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  // Nobody may be waiting when the abort comes.
  promise.catch(() => undefined);
  return { promise, forget: () => signal.removeEventListener("abort", onAbort) };
}

/** Waits for `work`, but not beyond an abort of `signal`; the work itself goes on unless it takes the signal too. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = whenAborted(signal);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    aborted.forget();
  }
}
