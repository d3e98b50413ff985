import type { MeshError } from "../model/errors.ts";
import type { Readiness } from "./admin-server.ts";
import type { Reconciled } from "./reconcile.ts";

/** Where the service is in its life. */
export type ServicePhase = "starting" | "standing by" | "waiting for an identity" | "serving" | "draining";

/** Parts of the service that may be in trouble. */
export type ServicePart = "identity" | "name" | "store" | "rounds" | "groups";

/** How the service stands: what /readyz and the metrics tell. */
export class Vitals {
  leads = false;
  /** Changes that wait, as the last round left them. */
  held = 0;
  readonly #troubles = new Map<ServicePart, MeshError>();
  readonly #changes = new Map<string, number>();
  readonly #onPhase: (phase: ServicePhase) => void;
  #phase: ServicePhase = "starting";
  #tripped = 0;

  constructor(onPhase: (phase: ServicePhase) => void = () => undefined) {
    this.#onPhase = onPhase;
  }

  /** The service goes on to this phase. */
  enter(phase: ServicePhase): void {
    this.#phase = phase;
    this.#onPhase(phase);
  }

  trouble(part: ServicePart, error: MeshError | undefined): void {
    if (error === undefined) this.#troubles.delete(part);
    else this.#troubles.set(part, error);
  }

  /** Takes note of a round. */
  round({ done, tripped, held }: Pick<Reconciled, "tripped" | "held"> & { readonly done: Reconciled["changes"] }): void {
    for (const { kind } of done) this.#changes.set(kind, (this.#changes.get(kind) ?? 0) + 1);
    this.#tripped += tripped.length;
    this.held = held;
  }

  /** Changes that rounds made so far, by kind. */
  get changes(): ReadonlyMap<string, number> {
    return this.#changes;
  }

  /** How often the breaker has tripped. */
  get tripped(): number {
    return this.#tripped;
  }

  /** With what is seen only when one looks. */
  readiness(seen: ReadonlyMap<ServicePart, MeshError> = new Map()): Readiness {
    return judgeReadiness(this.#phase, new Map([...this.#troubles, ...seen]));
  }
}

/** Whether machines may call. A name that they do not ask for is told, but theirs may be another one. */
export function judgeReadiness(phase: ServicePhase, troubles: ReadonlyMap<ServicePart, MeshError>): Readiness {
  const problems = [...troubles.values()].map(({ code, what, remedy }) => ({ code, what, remedy }));
  const [standing] = [...troubles].filter(([part]) => part !== "name" && part !== "groups").map(([part]) => part);
  if (phase !== "serving") return { ready: false, reason: phase, problems };
  return standing === undefined ? { ready: true, reason: "serving", problems } : { ready: false, reason: `trouble with the ${standing}`, problems };
}
