import { noStanding, type Standing } from "../registration/registration.ts";
import type { Identity } from "../spiffe/identity-watch.ts";
import type { ControlPlaneReport } from "./control-plane.ts";
import type { Phase } from "./machine.ts";
import type { Verdict } from "./probe-threshold.ts";
import type { Problem } from "./problem.ts";

/** What is known of the running proxy. */
export interface ProxyFacts {
  readonly pid: number | undefined;
  readonly version: string | undefined;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly why: string;
  readonly problem: Problem | undefined;
  readonly starts: number;
}

/** Everything seen so far that the state machine does not need but a reader of the status does. */
export interface Observations {
  phase: Phase;
  since: Date;
  identity: Identity | undefined;
  identityProblem: Problem | undefined;
  /** Why the proxy would refuse the identity of the moment. */
  trustProblem: Problem | undefined;
  standing: Standing;
  /** Why what the group says of settings cannot be used. */
  valuesProblem: Problem | undefined;
  proxy: ProxyFacts;
  /** Undefined where the application is not probed, and while it is not known how. */
  application: Verdict | undefined;
  controlPlane: ControlPlaneReport | undefined;
}

/** Before anything was seen. */
export function noObservations(since: Date): Observations {
  return {
    phase: "waitIdentity", since, identity: undefined, identityProblem: undefined, trustProblem: undefined, standing: noStanding, valuesProblem: undefined,
    proxy: { pid: undefined, version: undefined, ready: false, why: "it is not started yet", problem: undefined, starts: 0 },
    application: undefined, controlPlane: undefined,
  };
}
