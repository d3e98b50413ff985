import { createServer as createHttpServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { createServer as createHttp2Server, type Http2ServerRequest } from "node:http2";
import type { Duplex, Writable } from "node:stream";
import type { Endpoint } from "../../linkerd/addresses.ts";
import type { TransportHeader } from "../../linkerd/transport-header.ts";
import { bridgeSocket } from "../mesh/bridge.ts";
import { openTcp } from "./relay.ts";

/** HTTP between proxies on its way to an application. */
export interface HttpOrder {
  readonly stream: Duplex;
  readonly session: NonNullable<TransportHeader["session"]>;
  readonly rest: Buffer;
  readonly to: Endpoint;
  readonly identity: string;
  readonly isAllowed: () => Promise<boolean>;
}

/** What responses of HTTP/1.1 and HTTP/2 have in common. */
interface Reply extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers: Headers): unknown;
}

type Asked = IncomingMessage | Http2ServerRequest;
type Headers = Record<string, string | string[]>;

// Of one connection only, or of the mesh and not of the application.
const dropped = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "l5d-orig-proto", "l5d-client-id"]);

/** Serves a peer's HTTP and hands every request to the application as HTTP/1.1, with the caller's identity in a header. */
export async function serveHttp(order: HttpOrder): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  order.stream.once("close", resolve);
  const bridge = bridgeSocket(order.stream, order.rest);
  // One small server a connection: its handler knows whom it serves.
  if (order.session === "http2") createHttp2Server((request, response) => take(order, request, response)).emit("connection", bridge);
  else createHttpServer((request, response) => take(order, request, response)).emit("connection", bridge);
  await promise;
}

/** Says no in HTTP/1.1. */
export function refuseHttp(stream: Duplex): void {
  stream.end("HTTP/1.1 403 Forbidden\r\nl5d-proxy-error: unauthorized\r\nl5d-proxy-connection: close\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
}

function take(order: HttpOrder, request: Asked, response: Reply): void {
  // Either side may leave at any time.
  request.on("error", () => response.destroy());
  response.on("error", () => request.destroy());
  pass(order, request, response).catch(() => fail(response, 502));
}

async function pass({ to, identity, isAllowed }: HttpOrder, request: Asked, response: Reply): Promise<void> {
  if (!(await isAllowed())) return fail(response, 403);
  const socket = await openTcp(to);
  const authority = "authority" in request ? request.authority : undefined;
  const headers = { ...keep(request.headers), host: request.headers.host ?? authority ?? "", "l5d-client-id": identity, connection: "close" };
  const asking = httpRequest({ createConnection: () => socket, method: request.method, path: request.url, headers });
  response.once("close", () => asking.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  asking.on("error", reject).once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, keep(answer.headers));
    answer.once("error", reject).pipe(response).once("close", resolve);
  });
  request.pipe(asking);
  await promise;
}

function fail(response: Reply, status: number): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { "l5d-proxy-error": status === 403 ? "unauthorized" : "failed" });
  response.end();
}

function keep(headers: IncomingHttpHeaders): Headers {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !name.startsWith(":") && !dropped.has(name));
  return Object.fromEntries(kept) as Headers;
}
