import { MeshError } from "../model/errors.ts";
import type { Departure, Registration } from "../registration/registration.ts";
import { askControlPlane, type Following } from "./follow.ts";
import { describeProblem, writeProblem, type Problem } from "./problem.ts";
import { StopClock } from "./stop-clock.ts";

/** How leaving went: peers had `noticed` after so many milliseconds, or why nobody could be told. */
export type Farewell = { readonly noticed: number } | { readonly problem: Problem };

// With a control plane that does not answer nobody would notice: then it is only tried.
const trial = 1000;

/** Ends this machine's membership within the budget of a stop. */
export class Departing {
  readonly #following: Following;
  readonly #registration: Registration;
  readonly #clock: StopClock;
  readonly #told = Promise.withResolvers<Farewell>();

  constructor(parts: { readonly following: Following; readonly registration: Registration; readonly unreachable: number }) {
    const { following: { host, settings }, unreachable } = parts;
    this.#following = parts.following;
    this.#registration = parts.registration;
    this.#clock = new StopClock(host.clock, { grace: settings().shutdownGrace, unreachable });
  }

  /** How leaving went, once somebody was told or could not be. */
  get farewell(): Promise<Farewell> {
    return this.#told.promise;
  }

  /** Starts the budget of a stop. Resolves when a look at the control plane says that the budget is the shorter one; never while it answers. */
  async begin(signal: AbortSignal): Promise<"hurry" | "as planned"> {
    this.#clock.begin(this.#answers());
    // The last look may be seconds old, and a stop has only few.
    if (!this.#answers()) return "as planned";
    return (await askControlPlane(this.#following, signal)) ? "as planned" : "hurry";
  }

  /** True when the control plane went away during the stop and the budget has become shorter by it. */
  hurry(): boolean {
    return this.#clock.hurry();
  }

  /** True when a control plane that answered is away now. */
  get isAlone(): boolean {
    return !this.#answers();
  }

  /** Tells whoever registered this machine; where it served, waits until peers have noticed. */
  async drain(departure: Departure, served: boolean): Promise<void> {
    const half = Math.ceil(this.#clock.left(0) / 2);
    const bound = AbortSignal.timeout(this.#answers() && this.#isHeard() ? half : trial);
    const farewell = await this.#tell(departure, bound);
    this.#told.resolve(farewell);
    const { host } = this.#following;
    if ("problem" in farewell) return writeProblem(host.log, "warn", farewell.problem);
    host.log.write("info", departure === "delete" ? "deregistered" : "draining", { noticedAfterMilliseconds: farewell.noticed });
    if (served) await host.clock.sleep(this.#answers() ? Math.min(farewell.noticed, half) : 0, bound).catch(() => undefined);
  }

  /** What is left of the budget in milliseconds, or `otherwise` while nothing stops. */
  left(otherwise: number): number {
    return this.#clock.left(otherwise);
  }

  /** Resolves to true when the budget is long spent; to false when released before. */
  overdue(): Promise<boolean> {
    return this.#clock.overdue();
  }

  release(): void {
    this.#clock.release();
  }

  async #tell(departure: Departure, signal: AbortSignal): Promise<Farewell> {
    try {
      return { noticed: await this.#registration.leave(departure, signal) };
    } catch (error) {
      if (!signal.aborted) return { problem: describeProblem(error) };
      return { problem: describeProblem(new MeshError("REGISTRATION_AWAY", { doing: "leaving", what: "nobody answered in time; the lease ends by itself", cause: error })) };
    }
  }

  /** True when every service of the control plane answered at the last look. */
  #answers(): boolean {
    return this.#following.seen.controlPlane?.away.length === 0;
  }

  /** False when the registration service did not answer at the last call. */
  #isHeard(): boolean {
    return this.#following.seen.standing.problem === undefined;
  }
}
