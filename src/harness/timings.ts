/** Every wait of the harness in one place, in milliseconds. */
export interface Timings {
  /** Between looks at a proxy that is not ready yet, and at one that is. */
  readonly proxyPollStarting: number;
  readonly proxyPollServing: number;
  /** How long one answer of the proxy's admin port may take. */
  readonly proxyAnswer: number;
  readonly retry: { readonly first: number; readonly most: number };
  /** A proxy that lived this long did not crash at once: its failures are counted anew. */
  readonly proxySettled: number;
  /** A proxy that is not ready after this time is started anew: its identity task dies when SPIRE is away at its start. */
  readonly proxyPatience: number;
  /** Between looks at the control plane, how long a look may take, and how long it may be away before traffic is withheld. */
  readonly controlPlanePoll: number;
  readonly controlPlaneAnswer: number;
  readonly controlPlanePatience: number;
  /** The whole stop when the control plane does not answer; with one that answers, SHUTDOWN_GRACE. */
  readonly stopUnreachable: number;
  /** How long the proxy's end waits for the rules to change first. */
  readonly steeringPatience: number;
  /** Between asking the proxy to end and killing it, at the end of its budget. */
  readonly proxyLastWords: number;
  /** Between comparisons of the rules in force with those that shall be. */
  readonly driftPoll: number;
}

/** The times that users get; tests shorten some. */
export const defaultTimings: Timings = Object.freeze({
  proxyPollStarting: 50,
  proxyPollServing: 5000,
  proxyAnswer: 2000,
  retry: Object.freeze({ first: 1000, most: 30_000 }),
  proxySettled: 60_000,
  proxyPatience: 30_000,
  controlPlanePoll: 5000,
  controlPlaneAnswer: 2000,
  controlPlanePatience: 15_000,
  stopUnreachable: 3500,
  steeringPatience: 500,
  proxyLastWords: 500,
  driftPoll: 30_000,
});
