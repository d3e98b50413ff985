import type { GroupProbe } from "../model/external-group.ts";
import type { MeshError } from "../model/errors.ts";
import type { Texts } from "../model/settings/sources.ts";

/** What the cluster knows this machine as; its proxy is configured with it. */
export interface Registered {
  readonly name: string;
  readonly namespace: string;
  /** SPIFFE id that peers expect of this machine. */
  readonly identity: string;
  /** TLS server name that the proxy terminates. */
  readonly serverName: string;
}

/** Everything that a registration tells the machine. */
export interface Membership {
  readonly workload: Registered;
  /** What the cluster says of settings, by config key; everything that the machine says itself ranks above it. */
  readonly values: Texts;
  /** How the application is asked whether it is ready; undefined where it is not asked. */
  readonly probe: GroupProbe | undefined;
}

/** A right to be there for a while. */
export interface LeaseReport {
  readonly renewedAt: Date;
  /** When the service takes this machine for gone unless it hears of it. */
  readonly until: Date;
}

/** How this machine stands with whoever registers it. */
export interface Standing {
  /** Undefined until it is known what this machine is; kept when the service goes away. */
  readonly membership: Membership | undefined;
  /** Undefined where nothing is leased, and before the first answer of this start. */
  readonly lease: LeaseReport | undefined;
  /** Why the last call did not succeed. */
  readonly problem: MeshError | undefined;
  /** The service itself says that this machine is not part of the mesh now; a service that is away says nothing. */
  readonly refused: boolean;
}

/** How a machine leaves: `drain` keeps its workload, not ready; `delete` is for good. */
export type Departure = "drain" | "delete";

/** Entering the mesh, staying in it and leaving it, by whatever means. */
export interface Registration {
  readonly kind: "static" | "dynamic";
  /** Makes this machine known under the identity that SPIRE gave it and keeps it so until the signal; yields whenever something changes. */
  watch(identity: string, signal: AbortSignal): AsyncIterable<Standing>;
  /** Says that no new traffic shall come. Resolves to the milliseconds until peers have noticed; throws a MeshError when nobody could be told. */
  leave(departure: Departure, signal: AbortSignal): Promise<number>;
}

/** Before anything was heard. */
export const noStanding: Standing = Object.freeze({ membership: undefined, lease: undefined, problem: undefined, refused: false });
