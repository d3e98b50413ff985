import { createServer as createHttp1, request as requestHttp1, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import type { Endpoint } from "../../linkerd/addresses.ts";

/** What a connection that carries HTTP is for. */
export interface HttpRoute {
  readonly target: Endpoint;
  readonly admitted: boolean;
  readonly identity: string | undefined;
  readonly session: "http1" | "http2";
}

type Asked = IncomingMessage | Http2ServerRequest;
type Reply = ServerResponse | Http2ServerResponse;

/** Connection headers belong to one hop; HTTP/2 does not know them. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "l5d-orig-proto", "l5d-client-id"]);
const applicationWait = 30_000;

/** Serves the HTTP of one connection to its end by asking the application, as HTTP/1.1. */
export async function serveHttp(stream: Duplex, route: HttpRoute): Promise<void> {
  const take = (asked: Asked, reply: Reply): void => forward(asked, reply, route);
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("close", resolve).once("error", () => stream.destroy());
  const server = route.session === "http2" ? createHttp2(take) : createHttp1(take);
  server.emit("connection", stream);
  await promise;
}

function forward(asked: Asked, reply: Reply, { target, admitted, identity }: HttpRoute): void {
  if (!admitted) return refuse(reply, 403, `unauthorized connection to port ${target.port}`);
  const authority = asked.headers[":authority"];
  const headers = { ...keepHeaders(asked.headers), ...(typeof authority === "string" ? { host: authority } : {}), ...(identity === undefined ? {} : { "l5d-client-id": identity }) };
  const onward = requestHttp1({ host: target.ip, port: target.port, method: asked.method, path: asked.url, headers, agent: false, timeout: applicationWait });
  onward.once("timeout", () => onward.destroy(new Error("the application does not answer")));
  onward.once("error", (error) => (reply.headersSent ? reply.stream?.destroy() : refuse(reply, 502, error.message)));
  onward.once("response", (answer) => {
    reply.writeHead(answer.statusCode ?? 502, keepHeaders(answer.headers));
    answer.pipe(reply);
  });
  reply.once("close", () => onward.destroy());
  asked.pipe(onward);
}

function keepHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":") && !hopByHop.has(name)));
}

function refuse(reply: Reply, status: number, why: string): void {
  reply.writeHead(status, { "l5d-proxy-error": why });
  reply.end();
}
