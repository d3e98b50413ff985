import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { MeshError } from "../../model/errors.ts";

/** What the admin port of the proxy tells and does. */
export interface AdminFacts {
  readonly version: string;
  readonly shutdownEnabled: boolean;
  readonly startedAt: number;
  certificate(): { readonly expires: number; readonly refreshes: number } | undefined;
  connections(): { readonly inbound: number; readonly outbound: number };
  shutdown(): void;
}

/** Serves /live, /ready, /metrics and /shutdown as linkerd2-proxy does. */
export async function openProxyAdmin(listen: Endpoint, facts: AdminFacts): Promise<AsyncDisposable> {
  const server = createServer((request, response) => answer(facts, request, response));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen({ host: listen.ip, port: listen.port }, resolve);
  await promise.catch((cause: unknown) => {
    throw new MeshError("SIMULATOR_FAILED", { doing: `opening the proxy's admin port ${listen.ip}:${listen.port}`, what: String(cause), target: `${listen.ip}:${listen.port}`, cause });
  });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(facts: AdminFacts, { url, method, socket }: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, text: string): void => void response.writeHead(status, { "content-type": "text/plain" }).end(text);
  if (url === "/live") return send(200, "live\n");
  if (url === "/ready") return facts.certificate() === undefined ? send(503, "not ready\n") : send(200, "ready\n");
  if (url === "/metrics") return send(200, renderProxyMetrics(facts));
  if (url !== "/shutdown") return send(404, "");
  if (!facts.shutdownEnabled) return send(404, "shutdown endpoint is not enabled\n");
  if (method !== "POST") return send(405, "");
  if (!/^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? "")) return send(403, "");
  send(200, "shutdown\n");
  facts.shutdown();
}

/** The metrics that a harness reads, with linkerd2-proxy's names. */
export function renderProxyMetrics({ version, startedAt, certificate, connections }: AdminFacts): string {
  const { expires, refreshes } = certificate() ?? { expires: 0, refreshes: 0 };
  const { inbound, outbound } = connections();
  return [
    `proxy_build_info{vendor="linkerd-mesh",version="${version}"} 1`,
    `control_identity_cert_expiration_timestamp_seconds ${expires}`,
    `control_identity_cert_refreshes_total{result="ok"} ${refreshes}`,
    `process_start_time_seconds ${startedAt}`,
    `tcp_open_total{direction="inbound"} ${inbound}`,
    `tcp_open_total{direction="outbound"} ${outbound}`,
    "# EOF",
    "",
  ].join("\n");
}
