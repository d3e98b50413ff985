import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Clock } from "../platform/host.ts";
import type { CallOutcome, RegistrationHandlers } from "../registration/server-handlers.ts";
import { isLive } from "./lease-life.ts";
import type { Fleet } from "./fleet.ts";
import type { WatchedGroups } from "./groups-folder.ts";
import type { Service } from "./service.ts";
import type { Vitals } from "./vitals.ts";

/** What the metrics are read from; what is not there yet is undefined. */
export interface MetricSources {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly vitals: Vitals;
  readonly ready: () => boolean;
  readonly groups: () => WatchedGroups | undefined;
  readonly service: () => Pick<Service, "counts"> | undefined;
  readonly identityExpiresAt: () => Date | undefined;
}

const prefix = "linkerd_mesh_registration_";
// A call is answered from memory, or after one or two writes.
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** The metrics of a registration service. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #sources: MetricSources;
  readonly #calls = new Counter({ name: `${prefix}calls_total`, help: "Calls of machines by method and reason; OK is an answer", labelNames: ["method", "reason"], registers: [this.#registry] });
  readonly #durations = new Histogram({ name: `${prefix}call_duration_seconds`, help: "How long answering a call took", labelNames: ["method"], buckets, registers: [this.#registry] });

  constructor(sources: MetricSources) {
    this.#sources = sources;
    this.#gauge("workloads", "Machines by group and readiness", (gauge) => this.#countWorkloads(gauge), ["namespace", "group", "ready"]);
    this.#gauge("leases", "Leases by state", (gauge) => this.#countLeases(gauge), ["state"]);
    this.#gauge("round_changes_total", "What rounds did, by kind", (gauge) => { for (const [kind, count] of sources.vitals.changes) gauge.set({ kind }, count); }, ["kind"]);
    this.#gauge("breaker_tripped_total", "How often too many machines were silent at once, so that nobody expired", (gauge) => gauge.set(sources.vitals.tripped));
    this.#gauge("held_changes", "Changes that wait for the breaker or the limit of deletions", (gauge) => gauge.set(sources.vitals.held));
    this.#gauge("leader", "1 while this server looks after the machines", (gauge) => gauge.set(Number(sources.vitals.leads)));
    this.#gauge("ready", "1 while machines may call", (gauge) => gauge.set(Number(sources.ready())));
    this.#gauge("groups", "Groups that were read", (gauge) => gauge.set(sources.groups()?.current().size ?? 0));
    this.#gauge("group_troubles", "Group files with something wrong", (gauge) => gauge.set(sources.groups()?.troubles().length ?? 0));
    this.#gauge("connections", "Open connections of machines", (gauge) => gauge.set(sources.service()?.counts().connections ?? 0));
    this.#gauge("failed_handshakes_total", "TLS handshakes that failed", (gauge) => gauge.set(sources.service()?.counts().failedHandshakes ?? 0));
    this.#gauge("identity_expiration_timestamp_seconds", "When the SVID of this server ends", (gauge) => { const at = sources.identityExpiresAt(); if (at !== undefined) gauge.set(at.getTime() / 1000); });
  }

  /** Prometheus text. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The same handlers, counted and timed. */
  observe({ register, renew, deregister, watch }: RegistrationHandlers): RegistrationHandlers {
    return { register: this.#timed("Register", register), renew: this.#timed("Renew", renew), deregister: this.#timed("Deregister", deregister), watch: this.#timed("Watch", watch) };
  }

  #timed<Args extends readonly unknown[], A>(method: string, handle: (...args: Args) => Promise<CallOutcome<A>>): (...args: Args) => Promise<CallOutcome<A>> {
    const { clock } = this.#sources;
    return async (...args) => {
      const started = clock.monotonic();
      // What a handler throws is no reason of the table.
      let reason = "INTERNAL";
      using _timed = {
        [Symbol.dispose]: () => {
          this.#calls.inc({ method, reason });
          this.#durations.observe({ method }, (clock.monotonic() - started) / 1000);
        },
      };
      const outcome = await handle(...args);
      reason = outcome.ok ? "OK" : outcome.refusal.reason;
      return outcome;
    };
  }

  #gauge(name: string, help: string, collect: (gauge: Gauge) => void, labelNames: readonly string[] = []): void {
    new Gauge({
      name: prefix + name, help, labelNames: [...labelNames], registers: [this.#registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  }

  #countWorkloads(gauge: Gauge): void {
    for (const { value } of this.#sources.fleet.snapshot().workloads) {
      const { key: { namespace }, group } = value.object;
      gauge.inc({ namespace, group, ready: String(value.condition?.ready ?? false) });
    }
  }

  #countLeases(gauge: Gauge): void {
    const now = this.#sources.clock.now().getTime();
    for (const state of ["live", "draining", "expired"]) gauge.set({ state }, 0);
    for (const { value } of this.#sources.fleet.snapshot().leases) {
      const draining = value.drainingSince !== undefined && value.expiredAt === undefined;
      gauge.inc({ state: isLive(value, now) ? "live" : draining ? "draining" : "expired" });
    }
  }
}
