import { createServer, type Server, type Socket } from "node:net";
import type { Host } from "../../platform/host.ts";
import { untilAborted } from "../../base/abort.ts";
import { MeshError } from "../../model/errors.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { watchX509Context } from "../../spiffe/workload-api.ts";
import type { Svid } from "../../spiffe/svid.ts";
import { openProxyAdmin } from "./admin.ts";
import type { ProxyConfiguration } from "./configuration.ts";
import { ControlClient } from "./control-client.ts";
import { findChainProblem } from "./chain.ts";
import { serveInbound } from "./inbound.ts";
import type { Say } from "./log.ts";
import type { TlsMaterial } from "./material.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import { serveOutbound } from "./outbound.ts";

/** What a small mesh proxy is made of. */
export interface ProxyOptions {
  readonly host: Host;
  readonly configuration: ProxyConfiguration;
  readonly misbehaviour: Misbehaviour;
  readonly say: Say;
}

/** Runs the small proxy until it is told to shut down, by the signal or by its admin port. */
export async function runProxy(options: ProxyOptions, signal: AbortSignal): Promise<void> {
  const proxy = new Proxy(options);
  await proxy.run(signal);
}

class Proxy {
  readonly #options: ProxyOptions;
  readonly #down = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #opened = { inbound: 0, outbound: 0 };
  #material: TlsMaterial | undefined;
  #control: ControlClient | undefined;
  #expires = 0;
  #refreshes = 0;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { host, configuration, misbehaviour, say } = this.#options;
    const over = misbehaviour.ignoreShutdown ? this.#down.signal : AbortSignal.any([signal, this.#down.signal]);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => this.#control?.[Symbol.dispose]());
    const listeners = [await this.#listen("inbound", configuration.inbound)];
    for (const endpoint of configuration.outbound) listeners.push(await this.#listen("outbound", endpoint));
    for (const listener of listeners) stack.use(closing(listener));
    stack.use(await openProxyAdmin(configuration.admin, {
      version: misbehaviour.version, shutdownEnabled: configuration.shutdownEndpoint, startedAt: Math.floor(host.clock.now().getTime() / 1000),
      certificate: () => (this.#material === undefined ? undefined : { expires: this.#expires, refreshes: this.#refreshes }),
      connections: () => this.#opened,
      shutdown: () => this.#shutDown(),
    }));
    say("info", `Admin interface on ${configuration.admin.ip}:${configuration.admin.port}`);
    say("info", `Local identity is ${configuration.identity}`);
    stack.defer(() => this.#endSockets());
    if (misbehaviour.crashAfter !== undefined) void this.#crash(misbehaviour.crashAfter, over);
    if (!misbehaviour.neverReady) void this.#followIdentity(over);
    await untilAborted(new Promise<never>(() => undefined), over).catch(() => undefined);
    for (const listener of listeners) listener.close();
    await this.#drain();
  }

  async #listen(direction: "inbound" | "outbound", { ip, port }: Endpoint): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#take(direction, socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject).listen({ host: ip, port }, resolve);
    await promise.catch((cause: unknown) => {
      throw new MeshError("SIMULATOR_FAILED", { doing: `binding the ${direction} listener ${ip}:${port}`, what: String(cause), target: `${ip}:${port}`, cause });
    });
    return server;
  }

  #take(direction: "inbound" | "outbound", socket: Socket): void {
    this.#sockets.add(socket);
    this.#opened[direction] += 1;
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const original = this.#options.host.sockets.originalDestination(socket);
    this.#serve(direction, socket, original).then(
      // What was written last still leaves; a far end that never closes must not keep the socket.
      () => socket.destroySoon(),
      (error: unknown) => {
        this.#options.say("info", "Connection closed", { direction, error: error instanceof Error ? error.message : String(error) });
        socket.destroy();
      },
    );
  }

  async #serve(direction: "inbound" | "outbound", socket: Socket, original: { readonly host: string; readonly port: number } | undefined): Promise<void> {
    if (original === undefined) throw new Error("Server failed to accept connection: its original destination is unknown");
    const { configuration } = this.#options;
    const to = { ip: original.host, port: original.port };
    const tools = { configuration, material: () => this.#material, control: () => this.#control };
    if (direction === "inbound") return serveInbound(tools, socket, to);
    if (configuration.outbound.some(({ port }) => port === to.port) && to.ip.startsWith("127.")) throw new Error("a connection to the proxy itself");
    return serveOutbound(tools, socket, to);
  }

  async #followIdentity(signal: AbortSignal): Promise<void> {
    const { host, configuration, say } = this.#options;
    const source = { address: configuration.workloadApi, clock: host.clock, log: host.log, random: () => host.random() };
    for await (const event of watchX509Context(source, signal)) {
      const svid = event.kind === "context" ? event.context.svids.find(({ id }) => id === configuration.identity) : undefined;
      const why = event.kind === "trouble" ? event.error.what : svid === undefined ? "no matching SVID found" : findChainProblem(svid.tlsCredentials().cert, configuration.trustAnchors, host.clock.now());
      if (svid !== undefined && why === undefined) this.#install(svid);
      else say("warn", "Waiting for identity to be initialized...", { error: why ?? "" });
    }
  }

  #install(svid: Svid): void {
    const { configuration, say } = this.#options;
    const before = this.#control;
    this.#material = { ...svid.tlsCredentials(), ca: configuration.trustAnchors };
    this.#control = new ControlClient(configuration, this.#material);
    // Questions under way keep their channel until they are answered.
    before?.[Symbol.dispose]();
    this.#expires = Math.floor(svid.expiresAt.getTime() / 1000);
    this.#refreshes += 1;
    say("info", `Certified identity id=${svid.id}`);
  }

  async #crash(after: number, signal: AbortSignal): Promise<void> {
    await this.#options.host.clock.sleep(after, signal).catch(() => undefined);
    if (signal.aborted) return;
    this.#options.say("error", "crashing, as it was told to");
    throw new Error("a crash that was asked for");
  }

  #shutDown(): void {
    if (this.#options.misbehaviour.ignoreShutdown) return;
    this.#options.say("info", "Received shutdown via admin interface");
    this.#down.abort(new Error("shutdown"));
  }

  /** Lets open connections finish, for as long as the grace period says. */
  async #drain(): Promise<void> {
    const { clock } = this.#options.host;
    const idle = new AbortController();
    const look = (): void => {
      if (this.#sockets.size === 0) idle.abort();
    };
    for (const socket of this.#sockets) socket.once("close", () => setImmediate(look));
    look();
    if (!idle.signal.aborted) await clock.sleep(this.#options.configuration.shutdownGrace, idle.signal).catch(() => undefined);
  }

  #endSockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function closing(server: Server): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => void (server.listening ? server.close(() => resolve()) : resolve())) };
}
