import type { Registry } from "prom-client";

/** What the metrics are made of. */
export interface MetricFacts {
  readonly version: string;
  readonly started: Date;
  readonly expires: number;
  readonly refreshes: number;
  /** Connections taken so far and open now. */
  readonly connections: Readonly<Record<"inbound" | "outbound", { readonly taken: number; readonly open: number }>>;
}

/** The proxy's metrics as Prometheus text, under the names of linkerd2-proxy as far as they mean the same. */
export async function readProxyMetricsText(facts: MetricFacts): Promise<string> {
  // Loaded with the first question: the start does not wait for it.
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry: Registry = new Registry();
  const registers = [registry];
  new Gauge({ name: "proxy_build_info", help: "Proxy build info", labelNames: ["version", "vendor"], registers }).set({ version: facts.version, vendor: "linkerd-mesh" }, 1);
  new Gauge({ name: "process_start_time_seconds", help: "Time that the process started (in seconds since the UNIX epoch)", registers }).set(facts.started.getTime() / 1000);
  new Gauge({ name: "control_identity_cert_expiration_timestamp_seconds", help: "Time when this proxy's current mTLS identity certificate will expire", registers }).set(facts.expires);
  new Counter({ name: "control_identity_cert_refreshes_total", help: "The total number of times this proxy's identity has been refreshed", labelNames: ["result"], registers }).inc({ result: "ok" }, facts.refreshes);
  const taken = new Counter({ name: "tcp_open_total", help: "Total count of opened connections", labelNames: ["direction"], registers });
  const open = new Gauge({ name: "tcp_open_connections", help: "Number of currently-open connections", labelNames: ["direction"], registers });
  for (const direction of ["inbound", "outbound"] as const) {
    taken.inc({ direction }, facts.connections[direction].taken);
    open.set({ direction }, facts.connections[direction].open);
  }
  return `${await registry.metrics()}# EOF\n`;
}
