import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { openListener } from "../listening.ts";

/** What the admin port of the proxy tells and does. */
export interface AdminFacts {
  readonly version: string;
  readonly shutdownEnabled: boolean;
  /** Unix time, seconds. */
  readonly startedAt: number;
  ready(): boolean;
  /** Expiry in Unix time; undefined before the first certificate. */
  certificate(): { readonly expires: number; readonly refreshes: number } | undefined;
  connections(): { readonly inbound: number; readonly outbound: number };
  shutdown(): void;
}

/** Serves /live, /ready, /metrics and /shutdown as linkerd2-proxy does; without facts, connections are taken and nothing is said. */
export async function openProxyAdmin(listen: Endpoint, facts: AdminFacts | undefined): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (facts !== undefined) answer(facts, request, response);
  });
  await openListener(server, { host: listen.ip, port: listen.port }, { code: "SMALL_PROXY_START", doing: `opening the proxy's admin port ${listen.ip}:${listen.port}`, target: `${listen.ip}:${listen.port}` });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      // A shutdown's own answer still leaves.
      server.closeIdleConnections();
      setImmediate(() => server.closeAllConnections());
      await closed;
    },
  };
}

function answer(facts: AdminFacts, { url = "", method, socket }: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, text: string): void => void response.writeHead(status, text === "" ? {} : { "content-type": "text/plain" }).end(text);
  const path = url.replace(/\?.*$/su, "");
  if (path === "/live") return send(200, "live\n");
  if (path === "/ready") return facts.ready() ? send(200, "ready\n") : send(503, "not ready\n");
  if (path === "/metrics") return send(200, renderProxyMetrics(facts));
  if (path !== "/shutdown") return send(404, "");
  if (method !== "POST") return send(405, "");
  if (!facts.shutdownEnabled) return send(404, "shutdown endpoint is not enabled\n");
  if (!/^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? "")) return send(403, "");
  send(200, "shutdown\n");
  facts.shutdown();
}

/** The metrics that a harness reads, with linkerd2-proxy's names. */
export function renderProxyMetrics({ version, startedAt, certificate, connections }: Pick<AdminFacts, "version" | "startedAt" | "certificate" | "connections">): string {
  const { expires, refreshes } = certificate() ?? { expires: 0, refreshes: 0 };
  const { inbound, outbound } = connections();
  return [
    ...renderMetric("proxy_build_info", { type: "gauge", help: "Version of the proxy." }, { [`vendor="linkerd-mesh",version="${escapeLabel(version)}"`]: 1 }),
    ...renderMetric("control_identity_cert_expiration_timestamp_seconds", { type: "gauge", help: "When the current certificate ends, in Unix time; 0 before the first one." }, { "": expires }),
    ...renderMetric("control_identity_cert_refreshes", { type: "counter", help: "Certificates that were installed." }, { 'result="ok"': refreshes }),
    ...renderMetric("process_start_time_seconds", { type: "gauge", help: "When the process started, in Unix time." }, { "": startedAt }),
    ...renderMetric("tcp_open", { type: "counter", help: "Connections that were accepted." }, { 'direction="inbound"': inbound, 'direction="outbound"': outbound }),
    "# EOF",
    "",
  ].join("\n");
}

/** One metric in OpenMetrics' text form, by its labels as written. */
function renderMetric(name: string, { type, help }: { readonly type: "counter" | "gauge"; readonly help: string }, values: Readonly<Record<string, number>>): readonly string[] {
  const sample = type === "counter" ? `${name}_total` : name;
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...Object.entries(values).map(([labels, value]) => `${sample}${labels === "" ? "" : `{${labels}}`} ${value}`),
  ];
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll("\n", String.raw`\n`);
}
