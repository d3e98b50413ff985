import { inspect } from "node:util";

/** Looks again and again until what is seen is as wanted; fails with the last thing seen when the time is over. */
export async function waitUntil<T>(look: () => T | Promise<T>, wanted: (seen: T) => boolean, milliseconds = 10_000): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms; at last: ${inspect(seen, { depth: 6, breakLength: 160 })}`);
    await nextLook();
  }
}

function nextLook(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 20);
  return promise;
}
