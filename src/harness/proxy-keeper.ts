import { MeshError } from "../model/errors.ts";
import type { Host } from "../platform/host.ts";
import { judgeReadiness, type Readiness } from "./judge-readiness.ts";
import type { Event } from "./machine.ts";
import type { ProxyFacts } from "./observations.ts";
import { describeProblem } from "./problem.ts";
import { readMetrics, readReady, type ProxyAdmin } from "./proxy-admin.ts";
import { startProxyProcess, type ProxyProcess } from "./proxy-process.ts";
import type { Timings } from "./timings.ts";

/** What keeping a proxy needs. */
export interface KeeperOptions {
  readonly host: Host;
  readonly path: string;
  readonly admin: ProxyAdmin;
  /** Ports that must be the proxy's own. */
  readonly ports: readonly number[];
  readonly timings: Timings;
  readonly post: (event: Event) => void;
  readonly see: (facts: Partial<ProxyFacts>) => void;
  /** A proxy that no waiting makes right ends the harness. */
  readonly fail: (error: MeshError) => void;
}

/** What was told of a proxy since its start. */
interface Told {
  ready: boolean | undefined;
  /** Looks in a row that found it not ready. */
  bad: number;
  everReady: boolean;
}

/** Looks in a row that a ready proxy must fail before it counts as unready. */
const badLooks = 3;

/** Looks after which a proxy that does not get ready is more than slow. */
const patientLooks = 50;

/** The one proxy of this machine: started, watched, stopped. */
export class ProxyKeeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  #proxy: ProxyProcess | undefined;
  #starting: Promise<void> | undefined;
  #stopping = false;
  #starts = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Starts the proxy; everything else is told by events, its end too when it cannot be started at all. */
  async start(environment: Readonly<Record<string, string>>): Promise<void> {
    this.#stopping = false;
    this.#starts += 1;
    this.#options.see({ starts: this.#starts, ready: false, why: "it is starting" });
    this.#starting = this.#launch(environment);
    await this.#starting;
    this.#starting = undefined;
  }

  async #launch(environment: Readonly<Record<string, string>>): Promise<void> {
    const { host, path, admin, timings, see, post } = this.#options;
    try {
      const proxy = await startProxyProcess({ host, path, environment, admin, lastWords: timings.proxyLastWords });
      this.#proxy = proxy;
      see({ pid: proxy.pid });
      void this.#watch(proxy, host.clock.monotonic());
    } catch (error) {
      see({ problem: describeProblem(error), why: "it could not be started" });
      post({ kind: "proxyExited", settled: false });
    }
  }

  /** Ends the proxy within `budget` milliseconds; its end is told by an event, also when there is none. */
  async stop(budget: number): Promise<void> {
    this.#stopping = true;
    const starting = this.#starting;
    await starting;
    if (this.#proxy !== undefined) await this.#proxy.stop(budget);
    // A start that failed meanwhile has told so itself.
    else if (starting === undefined) this.#options.post({ kind: "proxyExited", settled: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#starting;
    await this.#proxy?.[Symbol.asyncDispose]();
  }

  async #watch(proxy: ProxyProcess, startedAt: number): Promise<void> {
    const { host, timings, post, see } = this.#options;
    const over = new AbortController();
    const polling = this.#poll(proxy, over.signal);
    const exit = await proxy.exited;
    over.abort();
    const given = await polling;
    this.#proxy = undefined;
    const how = exit.signal ?? `exit code ${exit.code}`;
    see({ pid: undefined, ready: false, why: `it ended with ${how}` });
    if (!this.#stopping && given !== "given up") this.#tellCrash(how, proxy.lastLines());
    post({ kind: "proxyExited", settled: this.#stopping || host.clock.monotonic() - startedAt >= timings.proxySettled });
  }

  #tellCrash(how: string, lines: readonly string[]): void {
    const what = `it ended with ${how}${lines.length === 0 ? " and said nothing" : `; its last lines: ${lines.slice(-3).join(" | ")}`}`;
    const error = new MeshError("PROXY_CRASHED", { doing: "running the proxy", what, target: this.#options.path });
    this.#options.see({ problem: describeProblem(error) });
    this.#options.host.log.write("error", error.message, { code: error.code, remedy: error.remedy, lines });
  }

  async #poll(proxy: ProxyProcess, signal: AbortSignal): Promise<"given up" | "over"> {
    const { host, timings } = this.#options;
    const patientUntil = host.clock.monotonic() + timings.proxyPatience;
    // A busy machine may answer late once: traffic changes its way only when several looks in a row say so.
    const told: Told = { ready: undefined, bad: 0, everReady: false };
    while (!signal.aborted) {
      const readiness = await this.#look(proxy, signal);
      if (signal.aborted) return "over";
      if (readiness.verdict === "unfit") return this.#reject(readiness.why);
      this.#note(readiness, told);
      if (readiness.verdict === "unready" && !told.everReady && host.clock.monotonic() >= patientUntil) return this.#giveUp(proxy, readiness.why);
      const calm = told.ready === true && told.bad === 0;
      await host.clock.sleep(calm ? timings.proxyPollServing : timings.proxyPollStarting, signal).catch(() => undefined);
    }
    return "over";
  }

  /** Waiting longer would not help a proxy whose identity task has died; a new one may do better. */
  async #giveUp(proxy: ProxyProcess, why: string): Promise<"given up"> {
    const error = unready(`${why}, for too long: it is started anew`);
    this.#options.see({ problem: describeProblem(error) });
    this.#options.host.log.write("error", error.message, { code: error.code, remedy: error.remedy, lines: proxy.lastLines() });
    await proxy.stop(this.#options.timings.proxyLastWords * 2);
    return "given up";
  }

  async #look(proxy: ProxyProcess, signal: AbortSignal): Promise<Readiness> {
    const { host, admin, ports } = this.#options;
    const [ready, metrics, listeners] = await Promise.all([
      readReady(admin, signal),
      readMetrics(admin, signal),
      Promise.all(ports.map(async (port) => ({ port, pid: (await host.sockets.listener(port, proxy.pid))?.pid }))),
    ]);
    return judgeReadiness({ ready, metrics, listeners, proxyPid: proxy.pid, now: host.clock.now() });
  }

  #note(readiness: Readiness, told: Told): void {
    const { post, see } = this.#options;
    if (readiness.verdict === "ready") {
      see({ ready: true, version: readiness.version, problem: undefined });
      if (told.ready !== true) post({ kind: "proxyReady" });
      Object.assign(told, { ready: true, bad: 0, everReady: true });
      return;
    }
    told.bad += 1;
    if (told.ready === true && told.bad < badLooks) return;
    see({ ready: false, why: readiness.why, ...(told.bad >= patientLooks && { problem: describeProblem(unready(readiness.why)) }) });
    if (told.ready !== false) post({ kind: "proxyUnready" });
    told.ready = false;
  }

  #reject(why: string): "over" {
    const { see, fail, path } = this.#options;
    const error = new MeshError("PROXY_VERSION", { doing: "looking at the proxy", what: why, target: path });
    see({ ready: false, why, problem: describeProblem(error) });
    fail(error);
    return "over";
  }
}

function unready(why: string): MeshError {
  return new MeshError("PROXY_UNREADY", { doing: "waiting for the proxy", what: why });
}
