import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { parseObject } from "../base/parse-json.ts";
import { MeshError } from "../model/errors.ts";
import type { Farewell } from "./departing.ts";
import type { Status } from "./status.ts";

/** What the admin port shows and does. */
export interface AdminActions {
  status(): Status;
  /** Prometheus text. */
  metrics(): Promise<string>;
  redirect(want: "on" | "off"): void;
  /** Leaves for good and then ends the harness; resolves as soon as somebody was told, or could not be. */
  leave(): Promise<Farewell>;
  /** True for whoever proves that he may read the state folder: any account of this machine reaches the port. */
  readonly isAdministrator: (authorization: string | undefined) => boolean;
}

/** Serves health, status, metrics and the redirect's switch until disposed. */
export async function openAdminServer(address: { readonly host: string; readonly port: number }, actions: AdminActions): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => void answer(actions, request, response));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen({ ...address, exclusive: true }, resolve);
  try {
    await promise;
  } catch (cause) {
    throw new MeshError("PORT_TAKEN", { doing: "opening the harness's admin port", what: `${address.host}:${address.port} cannot be opened: ${String(cause)}`, target: "HARNESS_ADMIN_PORT", cause });
  }
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(actions: AdminActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await route(actions, request, response);
  } catch (error) {
    sendJson(response, 500, { error: error instanceof Error ? error.message : String(error) });
  }
}

async function route(actions: AdminActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split("?")[0];
  if (path === "/redirect") return routeRedirect(actions, request, response);
  if (path === "/leave") return routeLeave(actions, request, response);
  if (request.method !== "GET" && request.method !== "HEAD") return sendJson(response, 405, { error: "only GET here" });
  if (path === "/live") return sendText(response, "live\n");
  if (path === "/ready") return sendReady(response, actions.status());
  if (path === "/status") return sendJson(response, 200, actions.status());
  if (path === "/metrics") return sendText(response, await actions.metrics());
  sendJson(response, 404, { error: "there is /live, /ready, /status, /metrics, /redirect and /leave" });
}

function sendReady(response: ServerResponse, { ready, reason, state }: Status): void {
  if (ready) return sendText(response, "ready\n");
  sendJson(response, 503, { reason, state });
}

async function routeRedirect(actions: AdminActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "POST") {
    // The admin port may be opened to the network for scraping; switching stays with the machine itself.
    if (!isLocal(request)) return sendJson(response, 403, { error: "the redirect is switched from this machine only" });
    const want = await readWant(request);
    if (want === undefined) return sendJson(response, 400, { error: 'the body is {"want":"on"} or {"want":"off"}' });
    actions.redirect(want);
  } else if (request.method !== "GET") {
    return sendJson(response, 405, { error: "GET or POST" });
  }
  const { operator, wanted, inForce, good, detail, drift } = actions.status().redirect;
  sendJson(response, 200, { want: operator, wanted, inForce, good, detail, drift });
}

async function routeLeave(actions: AdminActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") return sendJson(response, 405, { error: "POST" });
  if (!isLocal(request)) return sendJson(response, 403, { error: "a machine leaves by its own word only" });
  if (!actions.isAdministrator(request.headers.authorization)) return sendJson(response, 403, { error: "the key of the state folder is wanted" });
  sendJson(response, 200, await actions.leave());
}

function isLocal(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? "";
  const loopback = address === "::1" || /^(::ffff:)?127\./.test(address);
  // A page in a browser of this machine may be made to send requests under a foreign name.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return loopback && (host === "localhost" || isIP(host) !== 0) && request.headers.origin === undefined;
}

async function readWant(request: IncomingMessage): Promise<"on" | "off" | undefined> {
  let text = "";
  for await (const part of request) {
    text += String(part);
    if (text.length > 1000) return undefined;
  }
  const want = parseObject(text)?.["want"];
  return want === "on" || want === "off" ? want : undefined;
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}
