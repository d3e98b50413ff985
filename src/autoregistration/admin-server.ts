import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MeshError } from "../model/errors.ts";
import { renderHostPort } from "../model/settings/kinds/host-port.ts";
import type { HostPort } from "../model/settings/values.ts";
import type { GroupEntry, GroupTrouble, WorkloadEntry, WorkloadEvent } from "../registration/directory.ts";

/** Whether the service may be called, and what stands in the way. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
  readonly problems: readonly { readonly code: string; readonly what: string; readonly remedy: string }[];
}

/** What the admin address shows; it changes nothing. */
export interface AdminSources {
  ready(): Readiness;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** False until everything that is stored has been read: the lists would tell of no machine. */
  isRead(): boolean;
  listGroups(): { readonly groups: readonly GroupEntry[]; readonly troubles: readonly GroupTrouble[] };
  listWorkloads(): Iterable<WorkloadEntry>;
  /** Ends with the signal. */
  watchWorkloads(signal: AbortSignal): AsyncIterable<WorkloadEvent>;
}

/** A server that listens until disposed; those who watch are then told the end of the list properly. */
export interface AdminServer extends AsyncDisposable {
  readonly address: HostPort;
}

// Bounds: whoever may connect can hold no more than these.
const limits = { connections: 128, watches: 32, stall: 30_000, headerTime: 5000, idle: 5000, headerBytes: 8192 } as const;

/** Serves health, metrics and the lists of groups and workloads, for reading only. A reader that takes nothing for `stall` milliseconds, or twice that, is dropped. */
export async function openAdminServer(address: HostPort, sources: AdminSources, stall: number = limits.stall): Promise<AdminServer> {
  const service = new AdminService(sources, stall);
  const server = createServer(
    { headersTimeout: limits.headerTime, requestTimeout: limits.headerTime, connectionsCheckingInterval: 1000, keepAliveTimeout: limits.idle, maxHeaderSize: limits.headerBytes, keepAlive: true },
    (request, response) => void service.answer(request, response),
  );
  server.maxConnections = limits.connections;
  await listen(server, address);
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      await service.end();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Body = string | Iterable<string> | AsyncIterable<string>;

interface Answer {
  readonly status: number;
  readonly type: "application/json" | "application/x-ndjson" | "text/plain; version=0.0.4; charset=utf-8" | "text/plain; charset=utf-8";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Body;
}

class AdminService {
  readonly #sources: AdminSources;
  readonly #stall: number;
  readonly #closing = new AbortController();
  readonly #answering = new Set<Promise<void>>();
  #watches = 0;

  constructor(sources: AdminSources, stall: number) {
    this.#sources = sources;
    this.#stall = stall;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const answering = this.#send(request, response, AbortSignal.any([gone.signal, this.#closing.signal]));
    this.#answering.add(answering);
    await answering;
    this.#answering.delete(answering);
  }

  /** Ends the watches and waits for what is being answered; a reader that does not keep up is cut off. */
  async end(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#answering);
  }

  async #send(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    try {
      const { status, type, headers, body } = await this.#route(request, signal);
      response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
      if (request.method === "HEAD") response.end();
      else if (typeof body === "string") response.end(body);
      else await this.#pump(body, response, signal);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else refuse(response, error);
    }
  }

  async #route({ method, url = "/", headers }: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const [path = "", query = ""] = url.split("?", 2);
    const wants = this.#answers(new URLSearchParams(query), signal).get(path);
    if (wants === undefined) return json(404, { error: "there is /healthz, /readyz, /metrics, /v1/groups and /v1/workloads, also with ?watch=true" });
    if (method !== "GET" && method !== "HEAD") return { ...json(405, { error: "everything here is for reading: GET or HEAD" }), headers: { allow: "GET, HEAD", connection: "close" } };
    if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0) return { ...json(413, { error: "a request has no body here" }), headers: { connection: "close" } };
    return wants();
  }

  #answers(query: URLSearchParams, signal: AbortSignal): ReadonlyMap<string, () => Answer | Promise<Answer>> {
    return new Map<string, () => Answer | Promise<Answer>>([
      ["/healthz", () => ({ status: 200, type: "text/plain; charset=utf-8", body: "ok\n" })],
      ["/readyz", () => this.#readiness()],
      ["/metrics", async () => ({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: await this.#sources.metrics() })],
      ["/v1/groups", () => (this.#sources.isRead() ? json(200, this.#sources.listGroups()) : unread)],
      ["/v1/workloads", () => this.#workloads(query.get("watch"), signal)],
    ]);
  }

  #readiness(): Answer {
    const readiness = this.#sources.ready();
    return json(readiness.ready ? 200 : 503, readiness);
  }

  #workloads(watch: string | null, signal: AbortSignal): Answer {
    if (!this.#sources.isRead()) return unread;
    if (watch === null || watch === "false") return { status: 200, type: "application/json", body: renderList(this.#sources.listWorkloads()) };
    if (watch !== "true") return json(400, { error: "watch is true or false" });
    if (this.#watches >= limits.watches) return { ...json(503, { error: `${limits.watches} others watch already` }), headers: { "retry-after": "10" } };
    return { status: 200, type: "application/x-ndjson", body: this.#watch(signal) };
  }

  // Takes no more from the source than the reader takes from us.
  async #pump(body: Exclude<Body, string>, response: ServerResponse, signal: AbortSignal): Promise<void> {
    response.flushHeaders();
    for await (const part of body) {
      if (response.write(part)) continue;
      // Dropped when nothing moves. A watch that has nothing to say may be silent for ever.
      response.setTimeout(this.#stall);
      await once(response, "drain", { signal });
      response.setTimeout(0);
    }
    response.end();
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<string, void, void> {
    this.#watches += 1;
    using _counted = { [Symbol.dispose]: () => void (this.#watches -= 1) };
    for await (const event of this.#sources.watchWorkloads(signal)) yield `${JSON.stringify(event)}\n`;
  }
}

// Also of a server that stands by for another.
const unread: Answer = { ...json(503, { error: "what is stored has not been read here yet; the service is starting or stands by for another" }), headers: { "retry-after": "1" } };

// In parts, so that ten thousand workloads are never one text.
function* renderList(workloads: Iterable<WorkloadEntry>): Generator<string, void, void> {
  let part = '{"workloads":[';
  let separator = "";
  for (const workload of workloads) {
    part += separator + JSON.stringify(workload);
    separator = ",\n";
    if (part.length < 16_384) continue;
    yield part;
    part = "";
  }
  yield `${part}]}\n`;
}

function refuse(response: ServerResponse, error: unknown): void {
  response.writeHead(500, { "content-type": "application/json" }).end(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

async function listen(server: Server, { host, port }: HostPort): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen({ host, port, exclusive: true }, resolve);
  await promise.catch((cause: unknown) => {
    throw new MeshError("PORT_TAKEN", {
      doing: "opening the registration service's admin address",
      what: `${renderHostPort({ host, port })} cannot be listened at: ${String(cause)}`,
      remedy: "Stop the process that listens there, or give ADMIN_ADDRESS another value.",
      target: "ADMIN_ADDRESS",
      cause,
    });
  });
  server.off("error", reject);
  // Accepting may fail for a while, as when file descriptors run out; who is connected stays served.
  server.on("error", () => undefined);
}
