import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CallOutcome, RegistrationHandlers } from "../registration/server-handlers.ts";
import { listReadings, type MetricSources, type Reading } from "./metric-readings.ts";

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
    for (const reading of listReadings(sources)) this.#register(reading);
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

  /** Read when somebody asks: nothing is counted twice, and nothing is kept for a group that is gone. */
  #register({ name, help, labels = [], counts, read }: Reading): void {
    const description = { name: prefix + name, help, labelNames: [...labels], registers: [this.#registry] };
    const collect = (metric: Gauge | Counter): void => {
      metric.reset();
      for (const { of, value } of read()) metric.inc({ ...of }, value);
    };
    if (counts === true) new Counter({ ...description, collect() { collect(this); } });
    else new Gauge({ ...description, collect() { collect(this); } });
  }
}
