const absent: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "EADDRNOTAVAIL", "ENETUNREACH", "EHOSTUNREACH"]);

/** True when a request failed because nobody listens at its address, or this machine has no way there. */
export function nobodyListens(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error && "code" in cause && absent.has(cause.code);
}
