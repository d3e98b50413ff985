import { constants } from "node:crypto";
import { once } from "node:events";
import { createServer as createTcpServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket, type SecureContextOptions, type Server as TlsServer } from "node:tls";
import { MeshError } from "../model/errors.ts";
import type { HostPort } from "../model/settings/values.ts";
import type { TlsIdentity } from "./tls-identity.ts";

/** A listening socket and all that came in through it. */
export interface Listener {
  readonly address: HostPort;
  readonly sockets: ReadonlySet<Socket>;
  /** TLS handshakes that failed. */
  readonly failedHandshakes: number;
  /** New connections get this certificate and are judged by this bundle. Throws when TLS cannot use them. */
  rotate(identity: TlsIdentity): void;
  /** No new connections; resolves when the last one is gone. */
  close(): Promise<void>;
}

/** How to listen. */
export interface ListenerOptions {
  readonly listen: HostPort;
  /** Plaintext without it, for a mesh proxy in front. */
  readonly identity: TlsIdentity | undefined;
  readonly maxConnections: number;
  readonly onConnection: (socket: Socket) => void;
}

const handshakeTimeout = 10_000;

/** Listens; with an identity, lets in only clients whose certificate its bundle vouches for. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { listen, identity, maxConnections } = options;
  const server = identity === undefined ? createTcpServer({ noDelay: true }) : createTls(identity);
  const sockets = new Set<Socket>();
  let failedHandshakes = 0;
  server.maxConnections = maxConnections;
  server.on("connection", (socket: Socket) => keep(socket, sockets));
  server.on("tlsClientError", (_error, socket: Socket) => {
    failedHandshakes += 1;
    socket.destroy();
  });
  // In the event itself: bytes that came with the handshake would be lost to a session that starts later.
  server.on(identity === undefined ? "connection" : "secureConnection", (socket: Socket) => options.onConnection(guard(socket)));
  await bind(server, listen);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    sockets,
    get failedHandshakes() {
      return failedHandshakes;
    },
    rotate: (next) => (server as TlsServer).setSecureContext(describeTls(next)),
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      // The server counts a socket as gone a little before the socket says so.
      await Promise.all([...sockets].map((socket) => once(socket, "close")));
    },
  };
}

function createTls(identity: TlsIdentity): TlsServer {
  return createTlsServer({ ...describeTls(identity), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2"], handshakeTimeout, noDelay: true });
}

// No resumption: a ticket would carry a client past a bundle that no longer vouches for it.
function describeTls(identity: TlsIdentity): SecureContextOptions {
  return { ...identity.tlsCredentials(), ca: identity.bundle.pem(), minVersion: "TLSv1.3", secureOptions: constants.SSL_OP_NO_TICKET };
}

function keep(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  socket.on("error", () => socket.destroy());
}

function guard(socket: Socket): Socket {
  socket.on("error", () => socket.destroy());
  if (!(socket instanceof TLSSocket)) return socket;
  // A connection has one peer for life, and decoding its certificate for every call costs a third of the call.
  const peer = socket.getPeerCertificate();
  return Object.assign(socket, { getPeerCertificate: () => peer });
}

async function bind(server: NetServer, listen: HostPort): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen({ host: listen.host, port: listen.port, backlog: 1024 }, resolve);
  const target = `${listen.host}:${listen.port}`;
  await promise.catch((cause: unknown) => {
    throw new MeshError("PORT_TAKEN", { doing: "opening the registration service", what: `${target} cannot be listened at: ${String(cause)}`, target, cause });
  });
  server.off("error", reject);
  // Accepting may fail for a while, as when file descriptors run out; who is connected stays served.
  server.on("error", () => undefined);
}
