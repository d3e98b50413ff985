import type { Socket } from "node:net";
import { untilAborted } from "../../base/abort.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { isMeshError } from "../../model/errors.ts";
import type { Host } from "../../platform/host.ts";
import { openAdmin } from "./admin.ts";
import { parseProxyConfiguration, type ProxyConfiguration } from "./configuration.ts";
import { Identity } from "./identity.ts";
import { serveInbound } from "./inbound.ts";
import { makeLine, type ProxyLogLine, type Say } from "./line.ts";
import { Listener } from "./listener.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import { readProxyMetricsText } from "./metrics.ts";
import { serveOutbound } from "./outbound.ts";
import type { ConnectionContext } from "./connection.ts";

/** Codes with which linkerd2-proxy ends: well, no initialization, bad variables, and a panic. */
export type ProxyExit = 0 | 1 | 64 | 101;

/** What running the proxy needs. */
export interface RunProxyOptions {
  readonly host: Pick<Host, "clock" | "environment" | "sockets" | "random">;
  readonly misbehaviour: Misbehaviour;
  readonly print: (line: ProxyLogLine) => void;
}

/** Runs the small proxy until it is told to stop; returns the code with which linkerd2-proxy would end. */
export async function runProxy({ host, misbehaviour, print }: RunProxyOptions, signal: AbortSignal): Promise<number> {
  const say: Say = (level, message, fields = {}) => print(makeLine(host.clock.now(), level, { message, ...fields }));
  if (misbehaviour["exit-at-once"] !== undefined) return Number(misbehaviour["exit-at-once"]);
  let configuration: ProxyConfiguration;
  try {
    configuration = parseProxyConfiguration(host.environment);
  } catch (error) {
    if (!isMeshError(error)) throw error;
    say("error", `${error.what.replace(":", " is not valid:")}`);
    say("error", "Invalid configuration: invalid environment variable");
    return 64;
  }
  return serve({ host, misbehaviour, say, configuration }, signal);
}

interface Running {
  readonly host: RunProxyOptions["host"];
  readonly misbehaviour: Misbehaviour;
  readonly say: Say;
  readonly configuration: ProxyConfiguration;
}

async function serve(running: Running, signal: AbortSignal): Promise<ProxyExit> {
  const { host, misbehaviour, say, configuration } = running;
  await using stack = new AsyncDisposableStack();
  const ending = new AbortController();
  stack.defer(() => ending.abort());
  const identity = new Identity({ configuration, clock: host.clock, say, random: host.random });
  const context: ConnectionContext = { configuration, identity, say, originalDestination: (socket) => host.sockets.originalDestination(socket) };
  const inbound = await bind([configuration.inbound], (socket) => serveInbound(socket, context), say);
  const outbound = inbound && await bind(configuration.outbound, (socket) => serveOutbound(socket, context), say);
  for (const listener of [...(inbound ?? []), ...(outbound ?? [])]) stack.use(listener);
  if (inbound === undefined || outbound === undefined) return 101;
  const shutdown = Promise.withResolvers<string>();
  const started = host.clock.now();
  const metrics = (): Promise<string> => readProxyMetricsText({
    version: misbehaviour.version ?? "2.366.0", started, expires: identity.expires, refreshes: identity.refreshes,
    connections: { inbound: sum(inbound), outbound: sum(outbound) },
  });
  try {
    stack.use(await openAdmin({
      listen: configuration.admin, readMetrics: metrics,
      isReady: () => identity.material !== undefined && misbehaviour["never-ready"] !== "true",
      shutDown: configuration.shutdownEndpoint ? () => shutdown.resolve("Received shutdown via admin interface") : undefined,
    }));
  } catch (error) {
    say("error", `Initialization failure: ${String(error)}`);
    return 1;
  }
  tellStart(configuration, say);
  identity.follow(ending.signal).catch((error: unknown) => say("error", "Identity can no longer be followed", { error: String(error) }));
  const code = await untilStopped(running, shutdown.promise, signal);
  if (code === 0) await drain([...inbound, ...outbound], configuration.shutdownGrace);
  return code;
}

/** Waits for whatever ends the proxy; with `ignore-stop` only its crash does. */
async function untilStopped({ host, misbehaviour, say }: Running, asked: Promise<string>, signal: AbortSignal): Promise<0 | 101> {
  const never = new AbortController();
  const crash = misbehaviour["crash-after"] === undefined ? undefined : host.clock.sleep(Number(misbehaviour["crash-after"]), never.signal).then(() => 101 as const);
  const stop = untilAborted(asked, signal).catch(() => "Received shutdown signal").then((why) => {
    say("info", why);
    return misbehaviour["ignore-stop"] === "true" ? new Promise<0>(() => undefined) : 0;
  });
  const code = await Promise.race(crash === undefined ? [stop] : [stop, crash]);
  crash?.catch(() => undefined);
  never.abort();
  return code;
}

async function bind(endpoints: readonly Endpoint[], take: (socket: Socket) => Promise<void>, say: Say): Promise<readonly Listener[] | undefined> {
  const opened: Listener[] = [];
  try {
    for (const listen of endpoints) opened.push(await Listener.open({ listen, serve: take, say }));
    return opened;
  } catch (error) {
    say("error", `Failed to bind listener: ${String(error)}`);
    await Promise.all(opened.map((listener) => listener[Symbol.asyncDispose]()));
    return undefined;
  }
}

async function drain(listeners: readonly Listener[], grace: number): Promise<void> {
  const patience = AbortSignal.timeout(grace);
  await Promise.all(listeners.map((listener) => listener.drain(patience)));
}

function sum(listeners: readonly Listener[]): { readonly taken: number; readonly open: number } {
  return listeners.map(({ counts }) => counts).reduce((one, other) => ({ taken: one.taken + other.taken, open: one.open + other.open }), { taken: 0, open: 0 });
}

function tellStart({ admin, inbound, outbound, serverName, identity, destination }: ProxyConfiguration, say: Say): void {
  const render = ({ ip, port }: Endpoint): string => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
  say("info", `Admin interface on ${render(admin)}`);
  say("info", `Inbound interface on ${render(inbound)}`);
  for (const one of outbound) say("info", `Outbound interface on ${render(one)}`);
  say("info", `SNI is ${serverName}`);
  say("info", `Local identity is ${identity}`);
  say("info", `Destinations resolved via ${render(destination)} (${destination.name})`);
}
