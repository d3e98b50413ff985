import { createServer, type Server, type Socket } from "node:net";
import type { Host } from "../../platform/host.ts";
import { untilAborted } from "../../base/abort.ts";
import { MeshError } from "../../model/errors.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { watchX509Context } from "../../spiffe/workload-api.ts";
import type { Svid } from "../../spiffe/svid.ts";
import { openProxyAdmin, type AdminFacts } from "./admin.ts";
import type { ProxyConfiguration } from "./configuration.ts";
import { findChainProblem } from "../../spiffe/chain.ts";
import { serveInbound } from "./inbound.ts";
import { LazyControl } from "./lazy-control.ts";
import type { Say } from "./log.ts";
import type { TlsMaterial } from "./material.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import { serveOutbound } from "./outbound.ts";
import { PortPolicies } from "./port-policies.ts";
import { openListener } from "../listening.ts";

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

/** How long after a certificate what asks the control plane is loaded without need, milliseconds. */
const warmUpDelay = 100;

class Proxy {
  readonly #options: ProxyOptions;
  readonly #down = new AbortController();
  /** Aborted when nothing of the proxy is to go on. */
  readonly #ended = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #opened = { inbound: 0, outbound: 0 };
  readonly #policies: PortPolicies;
  #material: TlsMaterial | undefined;
  #control: LazyControl | undefined;
  #expires = 0;
  #refreshes = 0;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#policies = new PortPolicies(options.host.clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { configuration, misbehaviour, say } = this.#options;
    const over = misbehaviour.ignoreShutdown ? this.#down.signal : AbortSignal.any([signal, this.#down.signal]);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => this.#control?.[Symbol.dispose]());
    const listeners: Server[] = [];
    for (const [direction, endpoint] of [["inbound", configuration.inbound] as const, ...configuration.outbound.map((one) => ["outbound", one] as const)]) {
      const listener = await this.#listen(direction, endpoint);
      stack.use(closing(listener));
      listeners.push(listener);
    }
    stack.use(await openProxyAdmin(configuration.admin, misbehaviour.hang ? undefined : this.#facts()));
    stack.defer(() => this.#endSockets());
    say("info", `Admin interface on ${configuration.admin.ip}:${configuration.admin.port}`);
    say("info", `Local identity is ${configuration.identity}`);
    stack.defer(() => this.#ended.abort());
    if (!misbehaviour.neverReady && !misbehaviour.readyWithoutCertificate) void this.#followIdentity(AbortSignal.any([over, this.#ended.signal]));
    await this.#untilOver(over);
    for (const listener of listeners) listener.close();
    await this.#drain();
  }

  /** Waits to be told to end; rejects when it is to crash before. */
  async #untilOver(over: AbortSignal): Promise<void> {
    const { host, misbehaviour, say } = this.#options;
    if (misbehaviour.crashAfter === undefined) return untilAborted(new Promise<void>(() => undefined), over).catch(() => undefined);
    await host.clock.sleep(misbehaviour.crashAfter, over).catch(() => undefined);
    if (over.aborted) return;
    say("error", "crashing, as it was told to");
    throw new MeshError("SMALL_PROXY_PANIC", { doing: "serving", what: "it was told to crash", target: "--misbehave crash-after" });
  }

  #facts(): AdminFacts {
    const { host, configuration, misbehaviour } = this.#options;
    return {
      version: misbehaviour.version, shutdownEnabled: configuration.shutdownEndpoint, startedAt: Math.floor(host.clock.now().getTime() / 1000),
      ready: () => this.#material !== undefined || misbehaviour.readyWithoutCertificate,
      certificate: () => (this.#material === undefined ? undefined : { expires: this.#expires, refreshes: this.#refreshes }),
      connections: () => this.#opened,
      shutdown: () => this.#shutDown(),
    };
  }

  async #listen(direction: "inbound" | "outbound", { ip, port }: Endpoint): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#take(direction, socket));
    await openListener(server, { host: ip, port }, { code: "SMALL_PROXY_PANIC", doing: `binding the ${direction} listener ${ip}:${port}`, target: `${ip}:${port}` });
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
    const material = (): TlsMaterial | undefined => this.#material;
    if (direction === "outbound") return serveOutbound({ material, control: () => this.#control, localIps: configuration.inboundIps }, socket, to);
    return serveInbound({ configuration, material, readPolicy: (port) => this.#policies.read(port, this.#control) }, socket, to);
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
    const { host, configuration, say } = this.#options;
    const before = this.#control;
    this.#material = { ...svid.tlsCredentials(), ca: configuration.trustAnchors };
    const control = (this.#control = new LazyControl({ ...configuration, random: () => host.random() }, this.#material));
    // Questions under way keep their channel until they are answered.
    before?.[Symbol.dispose]();
    this.#expires = Math.floor(svid.expiresAt.getTime() / 1000);
    this.#refreshes += 1;
    say("info", `Certified identity id=${svid.id}`);
    // Whoever waits for readiness is told first; the first connection still does not have to wait for the loading.
    void host.clock.sleep(warmUpDelay, this.#ended.signal).then(() => control.load(), () => undefined);
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
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => {
    // An error says that it is closed already.
    server.close(() => resolve());
  }) };
}
