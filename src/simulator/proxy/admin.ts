import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Endpoint } from "../../linkerd/addresses.ts";

/** What the admin server tells and can do. */
export interface AdminOptions {
  readonly listen: Endpoint;
  readonly isReady: () => boolean;
  readonly readMetrics: () => Promise<string>;
  /** Absent when the shutdown endpoint is not enabled. */
  readonly shutDown: (() => void) | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The admin server of the proxy: health, metrics and shutdown; rejects when its port is taken. */
export async function openAdmin(options: AdminOptions): Promise<AsyncDisposable> {
  const server = createServer((request, response) => void respond(request, response, options));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(options.listen.port, options.listen.ip, resolve);
  await promise;
  return { [Symbol.asyncDispose]: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}

async function respond(request: IncomingMessage, response: ServerResponse, options: AdminOptions): Promise<void> {
  const { status, text } = await answer(request, options);
  const stops = request.url === "/shutdown" && status === 200;
  if (stops) response.once("close", () => options.shutDown?.());
  response.writeHead(status, { "content-type": "text/plain", ...(stops ? { connection: "close" } : {}) }).end(text);
}

async function answer({ url, method, socket }: IncomingMessage, { isReady, readMetrics, shutDown }: AdminOptions): Promise<Answer> {
  if (url === "/live") return { status: 200, text: "live\n" };
  if (url === "/ready") return isReady() ? { status: 200, text: "ready\n" } : { status: 503, text: "not ready\n" };
  if (url === "/metrics") return { status: 200, text: await readMetrics() };
  if (url !== "/shutdown") return { status: 404, text: "" };
  if (method !== "POST") return { status: 405, text: "" };
  if (!isLoopback(socket.remoteAddress ?? "")) return { status: 403, text: "" };
  return shutDown === undefined ? { status: 404, text: "shutdown endpoint is not enabled\n" } : { status: 200, text: "shutdown\n" };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}
