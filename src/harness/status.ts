import type { Registered } from "../registration/registration.ts";
import type { Phase, Steering } from "./machine.ts";
import type { Problem } from "./problem.ts";

/** One of the things that must be good for this machine to be part of the mesh. */
export interface PartStatus {
  readonly good: boolean;
  /** One phrase for people: what it is, or what is missing. */
  readonly detail: string;
  readonly problem?: Problem;
}

/** The lease of this machine's registration; stale when the service has not been heard in time: traffic goes on. */
export interface LeaseStatus {
  readonly state: "held" | "stale";
  /** ISO 8601. */
  readonly renewed: string;
  readonly until: string;
}

/** How this machine stands, for `GET /status`; holds no secret and no token. */
export interface Status {
  readonly state: Phase;
  /** When that state began, ISO 8601. */
  readonly since: string;
  readonly ready: boolean;
  /** Why it is not ready; absent when it is. */
  readonly reason?: string;
  readonly version: string;
  readonly instance: { readonly id: string; readonly epoch: number };
  readonly workload?: Registered;
  readonly identity: PartStatus & { readonly expires?: string };
  readonly registration: PartStatus & { readonly lease?: LeaseStatus };
  readonly proxy: PartStatus & { readonly pid?: number; readonly version?: string };
  readonly redirect: PartStatus & { readonly wanted: Steering; readonly inForce: Steering; readonly operator: "on" | "off"; readonly drift: readonly string[] };
  readonly application: PartStatus;
  /** Told, not judged: being away does not make a machine unready by itself, withheld traffic does. */
  readonly controlPlane: PartStatus;
}

/** The parts whose goodness makes a machine ready, in the order in which one looks at them. */
export const readyParts = ["identity", "registration", "proxy", "redirect", "application"] as const;

/** Ready, and why not: the first part that is not good is the reason. */
export function judgeStatus(parts: Pick<Status, (typeof readyParts)[number]>): { readonly ready: boolean; readonly reason?: string } {
  const bad = readyParts.find((name) => !parts[name].good);
  return bad === undefined ? { ready: true } : { ready: false, reason: `${bad}: ${parts[bad].detail}` };
}
