import { connect, constants, type ClientHttp2Session } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { untilAborted } from "../base/abort.ts";
import type { Clock, PipeProblem } from "../platform/host.ts";
import type { WorkloadApiAddress } from "./address.ts";
import { bufferWrites } from "./buffer-writes.ts";
import { WorkloadApiFailure } from "./failure.ts";
import { startTimer } from "./timer.ts";

/** An open HTTP/2 session; disposing it closes the socket at once. */
export interface Connection extends AsyncDisposable {
  readonly session: ClientHttp2Session;
}

/** What connecting needs of the machine. */
export interface ConnectionMeans {
  readonly clock: Clock;
  /** Looks at a named pipe before it is used: a client that only opens one may wait for it deaf, and serve a squatter. */
  readonly probePipe: (path: string) => Promise<PipeProblem | undefined>;
}

/** A server that speaks HTTP/2 sends its settings at once; one that has not by then hangs or is something else. */
export const sessionWait = 5_000;

/** Connects and waits for the server's first sign of HTTP/2; every way in which that fails is a WorkloadApiFailure. */
export async function openConnection(address: WorkloadApiAddress, { clock, probePipe }: ConnectionMeans, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const problem = address.kind === "pipe" ? await probePipe(address.path) : undefined;
  if (problem !== undefined) fail({ kind: "pipe", ...problem });
  await using undo = new AsyncDisposableStack();
  const timeout = new AbortController();
  undo.defer(() => timeout.abort());
  const late = startTimer(clock, sessionWait, AbortSignal.any([signal, timeout.signal]));
  const socket = undo.adopt(openSocket(address), closeSocket);
  await untilAborted(Promise.race([connected(socket), late.then(() => fail({ kind: "connect", code: "TIMEOUT" }))]), signal);
  const session = connect("http://localhost", { createConnection: () => (address.kind === "pipe" ? bufferWrites(socket) : socket) });
  undo.defer(() => closeSession(session, socket));
  const silence = late.then(() => fail({ kind: "silent", phase: "session", seconds: sessionWait / 1000 }));
  await untilAborted(Promise.race([established(session), silence]), signal);
  // Later errors of the session reach the call, whose stream fails with them.
  session.on("error", () => undefined);
  timeout.abort();
  const kept = undo.move();
  return { session, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function openSocket(address: WorkloadApiAddress): Socket {
  if (address.kind !== "tcp") return connectSocket({ path: address.path });
  return connectSocket({ host: address.host, port: address.port, keepAlive: true, keepAliveInitialDelay: 60_000 });
}

async function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  // Stays for the socket's life, so that a late error is nobody's uncaught exception.
  socket.on("error", reject);
  try {
    await promise;
  } catch (error) {
    throw new WorkloadApiFailure({ kind: "connect", code: codeOf(error) }, error);
  }
}

async function established(session: ClientHttp2Session): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  session.once("remoteSettings", () => resolve());
  session.once("error", reject);
  session.once("close", () => reject(new Error("closed")));
  try {
    await promise;
  } catch (error) {
    throw new WorkloadApiFailure(judgeSessionError(error), error);
  }
}

/** Tells bytes that are not HTTP/2 from a connection that broke. */
export function judgeSessionError(error: unknown): { readonly kind: "protocol" | "cut"; readonly detail: string } {
  const code = codeOf(error);
  const notHttp2 = code === "ERR_HTTP2_ERROR" || codeNumber(error) === constants.NGHTTP2_PROTOCOL_ERROR;
  return notHttp2 ? { kind: "protocol", detail: "its answer is not HTTP/2" } : { kind: "cut", detail: code };
}

function codeNumber(error: unknown): number | undefined {
  return error instanceof Error && "errno" in error && typeof error.errno === "number" ? error.errno : undefined;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "closed";
}

async function closeSession(session: ClientHttp2Session, socket: Socket): Promise<void> {
  session.on("error", () => undefined);
  session.destroy();
  await closeSocket(socket);
}

async function closeSocket(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  socket.on("error", () => undefined);
  socket.destroy();
  await promise;
}

function fail(failure: ConstructorParameters<typeof WorkloadApiFailure>[0]): never {
  throw new WorkloadApiFailure(failure);
}
