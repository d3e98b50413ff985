import type { Clock } from "../../platform/host.ts";
import type { Server } from "../../linkerd/generated/inbound.ts";
import type { ControlClient } from "./control-client.ts";

/** How long a policy service that did not answer is left alone, milliseconds. */
const leaveAlone = 1000;

/** The inbound policies by port: what the service says, or else what it said last. */
export class PortPolicies {
  readonly #clock: Clock;
  readonly #known = new Map<number, Server>();
  #silentUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The policy of a port; undefined when the default is to decide. Connections do not queue for a service that is away. */
  async read(port: number, control: Pick<ControlClient, "readPortPolicy"> | undefined): Promise<Server | undefined> {
    if (control === undefined || this.#clock.monotonic() < this.#silentUntil) return this.#known.get(port);
    const answer = await control.readPortPolicy(port);
    if (answer.kind === "policy") this.#known.set(port, answer.policy);
    if (answer.kind === "unknown") this.#known.delete(port);
    if (answer.kind === "away") this.#silentUntil = this.#clock.monotonic() + leaveAlone;
    return this.#known.get(port);
  }
}
