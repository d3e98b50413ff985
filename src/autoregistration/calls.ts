import type { ObjectKey } from "../model/external-group.ts";
import type { MachineFacts } from "./objects.ts";

/** One life of a harness process; epochs order the lives of one instance. */
export interface Incarnation {
  readonly instanceId: string;
  readonly incarnationId: string;
  readonly epoch: number;
}

/** Everything that decides readiness, said whole each time; `seq` never falls within an incarnation. */
export interface HealthReport {
  readonly state: "NotReady" | "Ready" | "Draining";
  readonly seq: number;
  readonly reason: string;
  readonly message: string;
}

/** A machine asks to be in a group. `identity` is what mTLS proved; every other field is only the machine's word. */
export interface RegisterCall {
  readonly identity: string;
  readonly group: ObjectKey;
  readonly incarnation: Incarnation;
  readonly addresses: readonly string[];
  readonly inboundPort: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly facts: MachineFacts;
  readonly health: HealthReport;
}

/** A machine says that it lives, and how it is. */
export interface RenewCall {
  readonly identity: string;
  readonly key: ObjectKey;
  readonly token: string;
  readonly incarnation: Incarnation;
  readonly addresses: readonly string[];
  /** What the machine was configured with. */
  readonly configVersion: string;
  readonly health: HealthReport;
}

/** A machine leaves: for a while, or for good. */
export interface DeregisterCall {
  readonly identity: string;
  readonly key: ObjectKey;
  readonly token: string;
  readonly incarnation: Incarnation;
  readonly mode: "drain" | "delete";
}
