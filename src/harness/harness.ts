import { AsyncQueue } from "../base/async-queue.ts";
import { backoffDelay } from "../base/backoff.ts";
import { MeshErrors, type MeshError } from "../model/errors.ts";
import type { Settings } from "../model/settings/settings.ts";
import { loopbackFamilies, planTraffic } from "../model/traffic-plan.ts";
import type { Host } from "../platform/host.ts";
import type { Registration } from "../registration/registration.ts";
import { openAdminServer } from "./admin-server.ts";
import { followApplication, followControlPlane, followIdentity } from "./follow.ts";
import { readMetricsText } from "./harness-metrics.ts";
import type { Instance } from "./instance-file.ts";
import { openInstance } from "./instance.ts";
import { initialState, step, type Effect, type Event, type State } from "./machine.ts";
import { noObservations, type Observations } from "./observations.ts";
import { Pending } from "./pending.ts";
import { listObstacles } from "./preflight.ts";
import { describeProblem } from "./problem.ts";
import { proxyAdminOf, proxyEnvironmentOf } from "./proxy-settings.ts";
import { ProxyKeeper } from "./proxy-keeper.ts";
import { renderStatus } from "./render-status.ts";
import type { Status } from "./status.ts";
import { Steerer } from "./steering.ts";
import { StopClock } from "./stop-clock.ts";
import type { Timings } from "./timings.ts";

/** What a harness is made of. */
export interface HarnessOptions {
  readonly host: Host;
  readonly settings: Settings;
  readonly registration: Registration;
  readonly timings: Timings;
  readonly version: string;
  /** Told at every change of state; also the moment for a service manager. */
  readonly onState?: (state: State) => void;
}

/**
 * Runs this machine's membership until the signal is aborted: identity, registration, proxy, redirect, health.
 * Throws MeshErrors for what no waiting will cure; everything else is waited for, and told by the status.
 */
export async function runHarness(options: HarnessOptions, signal: AbortSignal): Promise<void> {
  const { host, settings } = options;
  await using opened = await openInstance(host, settings.stateDir);
  const obstacles = await listObstacles(host, settings, signal);
  if (obstacles.length > 0) throw new MeshErrors(obstacles);
  const { uid } = await host.account();
  const harness = new Harness(options, opened.instance, uid);
  await harness.run(signal);
}

const watchdog = "the watchdog";

class Harness {
  readonly #options: HarnessOptions;
  readonly #instance: Instance;
  readonly #events = new AsyncQueue<Event>();
  readonly #pending = new Pending();
  readonly #tasks = new AbortController();
  readonly #steerer: Steerer;
  readonly #keeper: ProxyKeeper;
  readonly #stop: StopClock;
  readonly #seen: Observations;
  #state: State = initialState;
  #failure: MeshError | undefined;

  constructor(options: HarnessOptions, instance: Instance, uid: number) {
    const { host, settings, timings } = options;
    this.#options = options;
    this.#instance = instance;
    this.#seen = noObservations(host.clock.now());
    this.#stop = new StopClock(host.clock, { grace: settings.shutdownGrace, unreachable: timings.stopUnreachable });
    this.#steerer = new Steerer({ host, timings, plan: planTraffic(settings, uid, loopbackFamilies(host.sockets.addresses())), done: (to) => this.#events.push({ kind: "steered", to }) });
    this.#keeper = new ProxyKeeper({
      host, timings, path: settings.proxyPath, admin: proxyAdminOf(settings, timings),
      ports: [settings.proxyInboundPort, settings.proxyOutboundPort, settings.proxyAdminPort],
      post: (event) => this.#events.push(event),
      see: (facts) => void (this.#seen.proxy = { ...this.#seen.proxy, ...facts }),
      fail: (error) => this.#fail(error),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await using stack = new AsyncDisposableStack();
    stack.use(this.#keeper);
    stack.use(this.#steerer);
    stack.use(await this.#openAdmin());
    stack.defer(() => this.#endTasks());
    const onStop = (): void => this.#events.push({ kind: "stop" });
    signal.addEventListener("abort", onStop, { once: true });
    stack.defer(() => signal.removeEventListener("abort", onStop));
    if (signal.aborted) onStop();
    this.#startTasks();
    for await (const event of this.#events) this.#handle(event);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #openAdmin(): Promise<AsyncDisposable> {
    const { harnessAdminAddress: host, harnessAdminPort: port } = this.#options.settings;
    return openAdminServer({ host, port }, {
      status: () => this.#status(),
      metrics: () => readMetricsText(this.#status()),
      redirect: (want) => this.#handle({ kind: "operator", want }),
    });
  }

  #status(): Status {
    const { host, settings, version } = this.#options;
    return renderStatus({
      state: this.#state, seen: this.#seen, steering: this.#steerer.report(), instance: this.#instance, version,
      outbound: settings.outboundRedirect === "on", now: host.clock.now(),
    });
  }

  #handle(event: Event): void {
    const { log, clock } = this.#options.host;
    const before = this.#state.phase;
    if (event.kind === "stop") this.#stop.begin(this.#answers());
    const { state, effects } = step(this.#state, event, { onProxyFailure: this.#options.settings.onProxyFailure });
    this.#state = state;
    if (state.phase !== before) {
      this.#seen.phase = state.phase;
      this.#seen.since = clock.now();
      log.write("info", `${before} → ${state.phase}`, { event: event.kind });
      this.#options.onState?.(state);
    }
    for (const effect of effects) this.#perform(effect);
    if (state.phase === "stopped") this.#events.end();
  }

  #perform(effect: Effect): void {
    const { host, timings } = this.#options;
    switch (effect.kind) {
      case "steer": return this.#steerer.want(effect.to);
      case "register": return this.#begin("registering", this.#register());
      case "startProxy": return this.#begin("starting the proxy", this.#startProxy());
      case "stopProxy": return this.#begin("the proxy's end", this.#stopProxy());
      case "drain": return this.#begin("draining", this.#drain());
      case "retryLater": return this.#begin("a pause", this.#retryLater(backoffDelay(effect.failures, timings.retry, host.random())));
    }
  }

  #begin(name: string, work: Promise<void>): void {
    void this.#pending.track(name, work).catch((error: unknown) => {
      const { code, doing, what, remedy } = describeProblem(error);
      this.#options.host.log.write("error", `${name}: ${doing}: ${what}`, { code, remedy });
    });
  }

  async #register(): Promise<void> {
    const identity = this.#state.identity;
    if (identity === undefined) return;
    try {
      const registered = await this.#options.registration.register(identity.id, this.#tasks.signal);
      Object.assign(this.#seen, { registered, registrationProblem: undefined });
      this.#events.push({ kind: "registered", registered });
    } catch (error) {
      if (this.#tasks.signal.aborted) return;
      const problem = describeProblem(error);
      Object.assign(this.#seen, { registered: undefined, registrationProblem: problem });
      this.#options.host.log.write("warn", `${problem.doing}: ${problem.what}`, { code: problem.code, remedy: problem.remedy });
      this.#events.push({ kind: "registrationFailed" });
    }
  }

  async #startProxy(): Promise<void> {
    const { registered } = this.#state;
    const { identity } = this.#seen;
    if (registered === undefined || identity === undefined) return;
    const { host, settings } = this.#options;
    await this.#keeper.start(proxyEnvironmentOf({ host, settings, registered, anchors: identity.anchors }));
  }

  /** First the traffic, then the proxy: no new connection shall end in one that goes away. */
  async #stopProxy(): Promise<void> {
    const { settings, timings } = this.#options;
    await this.#steerer.settled(AbortSignal.timeout(timings.steeringPatience));
    await this.#keeper.stop(this.#stop.left(settings.shutdownGrace));
  }

  /** With a control plane that does not answer nobody would notice that we drain: then it only tries, for a second. */
  async #drain(): Promise<void> {
    const bound = AbortSignal.timeout(this.#answers() ? Math.ceil(this.#stop.left(0) / 2) : 1000);
    try {
      const noticed = await this.#options.registration.drain(bound);
      await this.#options.host.clock.sleep(this.#answers() ? Math.min(noticed, this.#stop.left(0) / 2) : 0, bound);
    } finally {
      this.#events.push({ kind: "drained" });
    }
  }

  async #retryLater(milliseconds: number): Promise<void> {
    await this.#options.host.clock.sleep(milliseconds, this.#tasks.signal).catch(() => undefined);
    this.#events.push({ kind: "retry" });
  }

  #fail(error: MeshError): void {
    this.#failure = error;
    this.#events.push({ kind: "stop" });
  }

  #startTasks(): void {
    const { host, settings, timings } = this.#options;
    const following = { host, settings, timings, seen: this.#seen, post: (event: Event) => this.#news(event) };
    const signal = this.#tasks.signal;
    this.#begin("the identity", followIdentity(following, signal));
    this.#begin("the control plane", followControlPlane(following, signal));
    this.#begin("the application's probe", followApplication(following, signal));
    this.#begin(watchdog, this.#watchStop());
  }

  /** What the followers saw; a control plane that goes away during a stop shortens it. */
  #news(event: Event): void {
    this.#events.push(event);
    if (event.kind !== "controlPlane" || this.#answers() || !this.#stop.hurry()) return;
    this.#events.push({ kind: "drained" });
    if (this.#state.phase === "stopping") this.#begin("the proxy's end", this.#stopProxy());
  }

  /** True when every service of the control plane answered at the last look. */
  #answers(): boolean {
    return this.#seen.controlPlane?.away.length === 0;
  }

  #endTasks(): void {
    this.#tasks.abort(new Error("the harness ends"));
    this.#stop.release();
  }

  /** Stop wins: what is still pending when the budget is spent is named and left to the disposal. */
  async #watchStop(): Promise<void> {
    if (!(await this.#stop.overdue())) return;
    const names = this.#pending.list().filter((name) => name !== watchdog);
    this.#options.host.log.write("error", "the stop took too long and is forced", { code: "STOP_OVERDUE", pending: names });
    this.#events.end();
  }
}
