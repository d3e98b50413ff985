import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { bridgeSocket } from "../mesh/bridge.ts";

/** HTTP between proxies on its way to an application. */
export interface Http2Order {
  readonly stream: Duplex;
  readonly rest: Buffer;
  readonly to: Endpoint;
  readonly identity: string;
  readonly isAllowed: () => Promise<boolean>;
}

// Of one connection only, or of the mesh and not of the application.
const dropped = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "l5d-orig-proto", "l5d-client-id"]);

/** Serves a peer's HTTP/2 and hands every request to the application as HTTP/1.1, with the caller's identity in a header. */
export async function serveHttp2(order: Http2Order): Promise<void> {
  const server = createHttp2Server((request, response) => {
    pass(order, request, response).catch(() => fail(response, 502));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  order.stream.once("close", resolve);
  server.emit("connection", bridgeSocket(order.stream, order.rest));
  await promise;
}

/** Says no in HTTP/1.1. */
export function refuseHttp(stream: Duplex): void {
  stream.end("HTTP/1.1 403 Forbidden\r\nl5d-proxy-error: unauthorized\r\nl5d-proxy-connection: close\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
}

async function pass({ to, identity, isAllowed }: Http2Order, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  if (!(await isAllowed())) return fail(response, 403);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { ...keep(request.headers), host: request.headers.host ?? request.authority, "l5d-client-id": identity };
  const asking = httpRequest({ host: to.ip, port: to.port, method: request.method, path: request.url, headers, agent: false });
  asking.once("error", reject).once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, keep(answer.headers));
    answer.pipe(response).once("close", resolve);
  });
  request.pipe(asking);
  await promise;
}

function fail(response: Http2ServerResponse, status: number): void {
  if (response.headersSent) return response.stream.close();
  response.writeHead(status, { "l5d-proxy-error": status === 403 ? "unauthorized" : "failed" });
  response.end();
}

function keep(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !name.startsWith(":") && !dropped.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
