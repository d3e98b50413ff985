import { AsyncQueue } from "../base/async-queue.ts";
import { backoffDelay } from "../base/backoff.ts";
import { Bell } from "../base/bell.ts";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Resolution } from "../model/settings/resolve.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Texts } from "../model/settings/sources.ts";
import type { Host } from "../platform/host.ts";
import type { Registration } from "../registration/registration.ts";
import type { AdminKey } from "./admin-key.ts";
import { openAdminServer } from "./admin-server.ts";
import { Departing, type Farewell } from "./departing.ts";
import { followControlPlane, followIdentity, type Following } from "./follow.ts";
import { readMetricsText } from "./harness-metrics.ts";
import type { Instance } from "./instance-file.ts";
import { Joining } from "./joining.ts";
import { initialState, step, type Effect, type Event, type State } from "./machine.ts";
import { noObservations, type Observations } from "./observations.ts";
import { Pending } from "./pending.ts";
import { describeProblem, writeProblem } from "./problem.ts";
import { proxyAdminOf, proxyEnvironmentOf, trafficPlanOf } from "./proxy-settings.ts";
import { ProxyKeeper } from "./proxy-keeper.ts";
import type { CreateRegistration } from "./registration/create.ts";
import { planHealth } from "./registration/plan-health.ts";
import { renderStatus } from "./render-status.ts";
import type { Status } from "./status.ts";
import { Steerer } from "./steering.ts";
import type { Timings } from "./timings.ts";

/** What a harness is made of. */
export interface HarnessOptions {
  readonly host: Host;
  readonly settings: Settings;
  /** The settings again, with what the group says below everything that the machine says. */
  readonly settle: (values: Texts) => Resolution;
  readonly timings: Timings;
  readonly version: string;
  /** Told at every change of state; also the moment for a service manager. */
  readonly onState?: (state: State) => void;
  /** Told once, when all that could fail at once has not. */
  readonly onStarted?: () => void;
}

/** What one life of a harness is made of besides. */
export interface HarnessParts {
  readonly instance: Instance;
  readonly uid: number;
  readonly adminKey: AdminKey;
  readonly createRegistration: CreateRegistration;
}

const watchdog = "the watchdog";

/** Runs the machine: turns events into effects, and effects into events. */
export class Harness {
  readonly #options: HarnessOptions;
  readonly #instance: Instance;
  readonly #adminKey: AdminKey;
  readonly #changes = new Bell();
  readonly #registration: Registration & Disposable;
  readonly #events = new AsyncQueue<Event>();
  readonly #pending = new Pending();
  readonly #tasks = new AbortController();
  readonly #steerer: Steerer;
  readonly #keeper: ProxyKeeper;
  readonly #joining: Joining;
  readonly #departing: Departing;
  readonly #seen: Observations;
  #state: State = initialState;
  #failure: MeshError | undefined;

  constructor(options: HarnessOptions, parts: HarnessParts) {
    const { host, settings, settle, timings, version } = options;
    this.#options = options;
    this.#instance = parts.instance;
    this.#adminKey = parts.adminKey;
    const seen = noObservations(host.clock.now());
    this.#seen = seen;
    const registration = parts.createRegistration({
      host, settings, instance: parts.instance, version, identity: () => seen.identity, proxyVersion: () => seen.proxy.version,
      health: { read: () => planHealth(this.#status()), changed: () => this.#changes.next },
    });
    this.#registration = registration;
    const following = (current: () => Settings): Following => ({ host, settings: current, timings, seen, post: (event) => this.#news(event), changed: () => this.#changes.ring() });
    this.#joining = new Joining({ registration, settings, settle, following, keep: (name, work) => this.#keep(name, work) });
    this.#departing = new Departing({ following: this.#joining.following, registration, unreachable: timings.stopUnreachable });
    this.#steerer = new Steerer({ host, timings, plan: trafficPlanOf(host, settings, parts.uid), done: (to) => this.#events.push({ kind: "steered", to }) });
    this.#keeper = this.#createKeeper();
  }

  /** Until the signal is aborted, the machine leaves, or nothing can cure what is wrong: then its MeshError is thrown. */
  async run(signal: AbortSignal): Promise<void> {
    await using stack = new AsyncDisposableStack();
    for (const part of [this.#registration, this.#keeper, this.#steerer]) stack.use(part);
    stack.use(await this.#openAdmin());
    stack.defer(() => this.#endTasks());
    const onStop = (): void => this.#events.push({ kind: "stop" });
    signal.addEventListener("abort", onStop, { once: true });
    stack.defer(() => signal.removeEventListener("abort", onStop));
    if (signal.aborted) onStop();
    this.#startTasks();
    this.#options.onStarted?.();
    for await (const event of this.#events) this.#handle(event);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #status(): Status {
    const { host, settings, version } = this.#options;
    return renderStatus({
      state: this.#state, seen: this.#seen, steering: this.#steerer.report(), instance: this.#instance, version,
      outbound: settings.outboundRedirect === "on", now: host.clock.now(),
    });
  }

  #createKeeper(): ProxyKeeper {
    const { host, settings, timings } = this.#options;
    return new ProxyKeeper({
      host, timings, path: settings.proxyPath, admin: proxyAdminOf(settings, timings),
      ports: [settings.proxyInboundPort, settings.proxyOutboundPort, settings.proxyAdminPort],
      post: (event) => this.#events.push(event),
      see: (facts) => {
        this.#seen.proxy = { ...this.#seen.proxy, ...facts };
        this.#changes.ring();
      },
      fail: (error) => this.#fail(error),
    });
  }

  #openAdmin(): Promise<AsyncDisposable> {
    const { harnessAdminAddress: host, harnessAdminPort: port } = this.#options.settings;
    return openAdminServer({ host, port }, {
      status: () => this.#status(),
      metrics: () => readMetricsText(this.#status()),
      redirect: (want) => this.#handle({ kind: "operator", want }),
      leave: () => this.#leave(),
      isAdministrator: (authorization) => this.#adminKey.isProvenBy(authorization),
    });
  }

  #handle(event: Event): void {
    const { log, clock } = this.#options.host;
    const before = this.#state;
    const { state, effects } = step(before, event, { onProxyFailure: this.#options.settings.onProxyFailure });
    this.#state = state;
    if (event.kind === "stop" || event.kind === "leave") this.#begin("a look at the control plane", this.#beginStop());
    if (event.kind === "identity" && before.identity?.id !== event.identity.id) this.#joining.forget();
    if (state.phase !== before.phase) {
      this.#seen.phase = state.phase;
      this.#seen.since = clock.now();
      log.write("info", `${before.phase} → ${state.phase}`, { event: event.kind });
      this.#options.onState?.(state);
    }
    for (const effect of effects) this.#perform(effect);
    this.#changes.ring();
    if (state.phase === "stopped") this.#events.end();
  }

  #perform(effect: Effect): void {
    const { host, timings } = this.#options;
    switch (effect.kind) {
      case "steer": return this.#steerer.want(effect.to);
      case "register": return this.#register();
      case "startProxy": return this.#begin("starting the proxy", this.#startProxy());
      case "stopProxy": return this.#begin("the proxy's end", this.#stopProxy());
      case "drain": return this.#begin("draining", this.#departing.drain(effect.departure, effect.served).then(() => this.#events.push({ kind: "drained" })));
      case "retryLater": return this.#begin("a pause", this.#retryLater(backoffDelay(effect.failures, timings.retry, host.random())));
    }
  }

  #begin(name: string, work: Promise<void>): void {
    const { log } = this.#options.host;
    void this.#pending.track(name, work).catch((error: unknown) => writeProblem(log.child({ task: name }), "error", describeProblem(error)));
  }

  /** Work without which this machine would only seem to be in the mesh: when it fails all ends, and whoever started us starts us anew. */
  #keep(name: string, work: Promise<void>): void {
    this.#begin(name, work.catch((error: unknown) => this.#fail(isMeshError(error) ? error : new MeshError("INTERNAL", { doing: name, what: String(error), cause: error }))));
  }

  #register(): void {
    if (this.#state.identity !== undefined) this.#joining.register(this.#state.identity.id);
  }

  async #startProxy(): Promise<void> {
    const { identity, standing: { membership } } = this.#seen;
    if (membership === undefined || identity === undefined) return;
    const { host } = this.#options;
    await this.#keeper.start(proxyEnvironmentOf({ host, settings: this.#joining.settings, registered: membership.workload, anchors: identity.anchors }));
  }

  /** First the traffic, then the proxy: no new connection shall end in one that goes away. */
  async #stopProxy(): Promise<void> {
    const { settings, timings } = this.#options;
    await this.#steerer.settled(AbortSignal.timeout(timings.steeringPatience));
    await this.#keeper.stop(this.#departing.left(settings.shutdownGrace));
  }

  async #retryLater(milliseconds: number): Promise<void> {
    await this.#options.host.clock.sleep(milliseconds, this.#tasks.signal).catch(() => undefined);
    this.#events.push({ kind: "retry" });
  }

  #fail(error: MeshError): void {
    this.#failure = error;
    this.#events.push({ kind: "stop" });
  }

  #leave(): Promise<Farewell> {
    this.#events.push({ kind: "leave" });
    return this.#departing.farewell;
  }

  #startTasks(): void {
    const { signal } = this.#tasks;
    this.#keep("the identity", followIdentity(this.#joining.following, signal));
    this.#keep("the control plane", followControlPlane(this.#joining.following, signal));
    this.#begin(watchdog, this.#watchStop());
  }

  async #beginStop(): Promise<void> {
    if ((await this.#departing.begin(this.#tasks.signal)) === "hurry") this.#hurry();
  }

  /** What the followers saw; a control plane that goes away during a stop shortens it. */
  #news(event: Event): void {
    this.#events.push(event);
    if (event.kind === "controlPlane" && this.#departing.isAlone) this.#hurry();
  }

  #hurry(): void {
    if (this.#tasks.signal.aborted || !this.#departing.hurry()) return;
    this.#events.push({ kind: "drained" });
    if (this.#state.phase === "stopping") this.#begin("the proxy's end", this.#stopProxy());
  }

  #endTasks(): void {
    this.#tasks.abort(new Error("the harness ends"));
    this.#joining[Symbol.dispose]();
    this.#departing.release();
  }

  /** Stop wins: what is still pending when the budget is spent is named and left to the disposal. */
  async #watchStop(): Promise<void> {
    if (!(await this.#departing.overdue())) return;
    const names = this.#pending.list().filter((name) => name !== watchdog);
    this.#options.host.log.write("error", "the stop took too long and is forced", { code: "STOP_OVERDUE", pending: names });
    this.#events.end();
  }
}
