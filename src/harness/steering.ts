import { untilAborted } from "../base/abort.ts";
import { backoffDelay } from "../base/backoff.ts";
import { MeshError } from "../model/errors.ts";
import type { ActiveRedirect, RedirectPlan } from "../model/traffic.ts";
import type { Host } from "../platform/host.ts";
import type { Steering } from "./machine.ts";
import { describeProblem, type Problem } from "./problem.ts";
import type { Timings } from "./timings.ts";

/** What the steering reports. */
export interface SteeringReport {
  readonly inForce: Steering;
  readonly wanted: Steering;
  readonly problem: Problem | undefined;
  readonly drift: readonly string[];
}

/** Keeps the rules of the system at what was wanted last: one change at a time, failures tried again, losses repaired. */
export class Steerer implements AsyncDisposable {
  readonly #host: Host;
  readonly #plan: RedirectPlan;
  readonly #timings: Timings;
  readonly #done: (to: Steering) => void;
  readonly #stop = new AbortController();
  #wanted: Steering = "off";
  #active: ActiveRedirect | undefined;
  #problem: Problem | undefined;
  #drift: readonly string[] = [];
  #wake = Promise.withResolvers<void>();
  #settled = Promise.withResolvers<void>();
  readonly #loop: Promise<void>;

  constructor(options: { readonly host: Host; readonly plan: RedirectPlan; readonly timings: Timings; readonly done: (to: Steering) => void }) {
    this.#host = options.host;
    this.#plan = options.plan;
    this.#timings = options.timings;
    this.#done = options.done;
    this.#loop = this.#run();
  }

  /** Orders a state; the latest order counts. `done` is called when it is in force. */
  want(to: Steering): void {
    if (to !== this.#wanted) this.#settled = Promise.withResolvers();
    this.#wanted = to;
    this.#wake.resolve();
  }

  /** Resolves when the latest order is in force, was found impossible, or the signal ends the wait. */
  async settled(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#settled.promise, signal).catch(() => undefined);
  }

  report(): SteeringReport {
    return { inForce: this.#inForce(), wanted: this.#wanted, problem: this.#problem, drift: this.#drift };
  }

  /** Takes every rule away. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the steering ends"));
    await this.#loop;
    await this.#release();
  }

  #inForce(): Steering {
    return this.#active?.plan.mode ?? "off";
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const to = this.#wanted;
      this.#wake = Promise.withResolvers<void>();
      try {
        await this.#apply(to);
        this.#problem = undefined;
        failures = 0;
        this.#done(to);
        this.#settle(to);
        await this.#rest(this.#timings.driftPoll);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures += 1;
        this.#settle(to);
        this.#tell(describeProblem(error));
        await this.#rest(backoffDelay(failures, this.#timings.retry, this.#host.random()));
      }
    }
  }

  #settle(to: Steering): void {
    if (to === this.#wanted) this.#settled.resolve();
  }

  async #apply(to: Steering): Promise<void> {
    if (to === "off") return this.#release();
    const plan: RedirectPlan = { ...this.#plan, mode: to };
    if (this.#active === undefined) {
      this.#active = await this.#enable(plan);
    } else if (this.#active.plan.mode !== to) {
      await this.#active.replace(plan, this.#stop.signal);
    } else {
      await this.#repair(plan, this.#active);
    }
  }

  async #enable(plan: RedirectPlan): Promise<ActiveRedirect> {
    const obstacle = await this.#host.redirector.obstacle();
    if (obstacle !== undefined) throw new MeshError("REDIRECT_ABSENT", { doing: "switching the redirect on", ...obstacle });
    const active = await this.#host.redirector.enable(plan, this.#stop.signal);
    void active.lost.then((why) => this.#lose(active, why));
    return active;
  }

  async #repair(plan: RedirectPlan, active: ActiveRedirect): Promise<void> {
    const seen = await this.#host.redirector.observe(plan, this.#stop.signal);
    this.#drift = seen.state === "present" ? seen.drift : [`the rules are ${seen.state}`];
    if (this.#drift.length === 0) return;
    this.#host.log.write("warn", "the redirect was changed by somebody else and is put right", { drift: this.#drift });
    await active.replace(plan, this.#stop.signal);
    this.#drift = [];
  }

  #lose(active: ActiveRedirect, why: string): void {
    if (this.#active !== active) return;
    this.#active = undefined;
    this.#host.log.write("warn", "the redirect was lost and is switched on again", { why });
    this.#wake.resolve();
  }

  async #release(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.[Symbol.asyncDispose]();
  }

  #tell(problem: Problem): void {
    if (this.#problem?.what !== problem.what) this.#host.log.write("error", `${problem.doing}: ${problem.what}`, { code: problem.code, remedy: problem.remedy });
    this.#problem = problem;
  }

  /** Until the time is over, another state is wanted, or what is in force was lost. */
  async #rest(milliseconds: number): Promise<void> {
    const woken = new AbortController();
    const { promise } = this.#wake;
    void promise.then(() => woken.abort());
    await this.#host.clock.sleep(milliseconds, AbortSignal.any([this.#stop.signal, woken.signal])).catch(() => undefined);
  }
}
