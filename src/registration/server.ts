import { Server } from "@grpc/grpc-js";
import { untilAborted } from "../base/abort.ts";
import { MeshError } from "../model/errors.ts";
import type { HostPort } from "../model/settings/values.ts";
import type { Clock, Log } from "../platform/host.ts";
import { clientIdHeader, readCertificateCaller, readSidecarCaller, type ReadCaller } from "./caller.ts";
import { RegistrationService } from "./generated/registration.ts";
import { serveCalls, type CallDesk, type ServerCall } from "./server-calls.ts";
import type { RegistrationHandlers } from "./server-handlers.ts";
import { openListener, type Listener } from "./server-listener.ts";
import { ServerSessions } from "./server-sessions.ts";
import { isAnchorWithdrawn, type TlsIdentity } from "./tls-identity.ts";

/** How clients prove themselves: to our own TLS, or to a mesh proxy in front of us, which names them in a header. */
export type ServerAuth =
  | { readonly kind: "tls"; /** Our identity and trust, now and whenever they change. */ readonly identities: AsyncIterable<TlsIdentity> }
  | { readonly kind: "sidecar" };

/** What a registration server is opened with. */
export interface RegistrationServerOptions {
  readonly listen: HostPort;
  readonly auth: ServerAuth;
  readonly handlers: RegistrationHandlers;
  readonly clock: Clock;
  readonly log: Log;
  /** Each costs about 100 kB. */
  readonly maxConnections?: number;
  /** How long a handler may take, milliseconds. */
  readonly callLimit?: number;
  /** How long a connection may live before its client is asked for another, milliseconds. */
  readonly connectionAge?: number;
}

/** An open registration server. Disposing it drains it for five seconds. */
export interface RegistrationServer extends AsyncDisposable {
  readonly address: HostPort;
  /** Connections now, and TLS handshakes that failed so far. */
  counts(): { readonly connections: number; readonly failedHandshakes: number };
  /** No new connections; calls under way have `grace` milliseconds to end, and watchers are told. */
  drain(grace: number): Promise<void>;
}

const defaults = { maxConnections: 16_384, callLimit: 10_000, connectionAge: 1_800_000 };
const watchLimit = 3_600_000;
const drainOnDispose = 5_000;
/** How long calls under way may last on a connection whose trust was withdrawn. */
const withdrawnGrace = 5_000;
const largestMessage = 64 * 1024;

/** Opens the server; in TLS mode waits for the first identity. The signal bounds the opening; disposing closes. */
export async function openRegistrationServer(options: RegistrationServerOptions, signal: AbortSignal): Promise<RegistrationServer> {
  const { auth } = options;
  if (auth.kind === "sidecar") return open(options, undefined);
  const identities = auth.identities[Symbol.asyncIterator]();
  try {
    const first = await untilAborted(takeFirst(identities), signal);
    return await open(options, { identities, first });
  } catch (error) {
    leave(identities);
    throw error;
  }
}

interface Source {
  readonly identities: AsyncIterator<TlsIdentity>;
  readonly first: TlsIdentity;
}

async function open(options: RegistrationServerOptions, source: Source | undefined): Promise<RegistrationServer> {
  const { listen, handlers, clock, log, maxConnections = defaults.maxConnections } = options;
  const draining = new AbortController();
  const readCaller = source === undefined ? (call: ServerCall) => readSidecarCaller(call.metadata.get(clientIdHeader)) : rememberCallers();
  const desk: CallDesk = { readCaller, clock, log, limit: options.callLimit ?? defaults.callLimit, watchLimit, draining: draining.signal };
  const server = new Server(describeChannel(options));
  server.addService(RegistrationService, serveCalls(handlers, desk));
  const sessions = new ServerSessions(server);
  const listener = await openListener({ listen, identity: source?.first, maxConnections, onConnection: (socket) => sessions.take(socket) });
  if (source !== undefined) void followIdentities({ ...source, listener, sessions, log, until: draining.signal });
  const drain = async (grace: number): Promise<void> => {
    draining.abort();
    await closeAll({ server, listener, sessions, grace });
  };
  return {
    address: listener.address,
    counts: () => ({ connections: listener.sockets.size, failedHandshakes: listener.failedHandshakes }),
    drain,
    [Symbol.asyncDispose]: () => drain(drainOnDispose),
  };
}

// Not awaited: a source that waits for its next identity ends only when its own signal tells it.
function leave(identities: AsyncIterator<TlsIdentity>): void {
  void identities.return?.()?.catch(() => undefined);
}

async function takeFirst(identities: AsyncIterator<TlsIdentity>): Promise<TlsIdentity> {
  const next = await identities.next();
  if (next.done !== true) return next.value;
  throw new MeshError("INTERNAL", { doing: "opening the registration service", what: "there is no identity to serve with" });
}

// A mesh proxy brings the calls of many machines over one connection; a machine has one call at a time, and a watch.
function describeChannel({ auth, connectionAge = defaults.connectionAge }: RegistrationServerOptions): Record<string, number> {
  return {
    "grpc.max_receive_message_length": largestMessage,
    "grpc.max_send_message_length": largestMessage * 4,
    "grpc.max_concurrent_streams": auth.kind === "tls" ? 16 : 4096,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_connection_idle_ms": 300_000,
    "grpc.max_connection_age_ms": connectionAge,
    "grpc.max_connection_age_grace_ms": 30_000,
    "grpc.enable_channelz": 0,
  };
}

/** Reads each connection's certificate once; the listener hands out the same object for all of its calls. */
function rememberCallers(): (call: ServerCall) => ReadCaller {
  const known = new WeakMap<object, ReadCaller>();
  return (call) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (certificate === undefined) return readCertificateCaller(undefined);
    const read = known.get(certificate) ?? readCertificateCaller(certificate.raw);
    known.set(certificate, read);
    return read;
  };
}

interface Following extends Source {
  readonly listener: Listener;
  readonly sessions: ServerSessions;
  readonly log: Log;
  readonly until: AbortSignal;
}

async function followIdentities({ identities, first, listener, sessions, log, until }: Following): Promise<void> {
  let current = first;
  try {
    for (;;) {
      const next = await untilAborted(identities.next(), until);
      if (next.done === true) return;
      if (!rotate(listener, next.value, log)) continue;
      if (isAnchorWithdrawn(current.bundle, next.value.bundle)) sessions.sendAway(withdrawnGrace);
      current = next.value;
    }
  } catch (error) {
    if (!until.aborted) log.write("error", "no further certificates: the source of identities failed", { error: String(error) });
  } finally {
    leave(identities);
  }
}

function rotate(listener: Listener, next: TlsIdentity, log: Log): boolean {
  const fields = { id: next.id, fingerprint: next.fingerprint, expiresAt: next.expiresAt.toISOString() };
  try {
    listener.rotate(next);
  } catch {
    // The cause is left out: it may quote what it could not read.
    log.write("error", "the new certificate cannot be used; serving with the one before", fields);
    return false;
  }
  log.write("info", "serving with a new certificate", fields);
  return true;
}

interface Closing {
  readonly server: Server;
  readonly listener: Listener;
  readonly sessions: ServerSessions;
  readonly grace: number;
}

async function closeAll({ server, listener, sessions, grace }: Closing): Promise<void> {
  const closed = listener.close();
  sessions.sendAway(grace);
  const late = setTimeout(() => listener.sockets.forEach((socket) => socket.destroy()), grace);
  await closed;
  clearTimeout(late);
  server.forceShutdown();
}
