import { Server, ServerCredentials } from "@grpc/grpc-js";
import { createServer as createTcpServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Endpoint } from "../linkerd/addresses.ts";
import type { Credentials } from "./issuer/authority.ts";
import { bridgeSocket } from "./mesh/bridge.ts";
import { openListener } from "./listening.ts";

/** Where and as whom a gRPC service listens. */
export interface ListenerOptions {
  readonly name: string;
  readonly listen: Endpoint;
  readonly rootPem: string;
  /** Plaintext without them. */
  readonly credentials: Credentials | undefined;
}

/**
 * Listens for a gRPC server with a TLS of our own: linkerd2-proxy offers no ALPN to its control plane, and Node's HTTP/2
 * over TLS closes such connections.
 */
export async function openGrpcListener(server: Server, { name, listen, rootPem, credentials }: ListenerOptions): Promise<AsyncDisposable> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const take = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    injector.injectConnection(bridgeSocket(socket, Buffer.alloc(0)));
  };
  const listener: NetServer = credentials === undefined
    ? createTcpServer(take)
    : createTlsServer({ cert: credentials.chainPem, key: credentials.keyPem, ca: rootPem, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2"] }, take);
  listener.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  await openListener(listener, { host: listen.ip, port: listen.port }, { code: "SIMULATOR_FAILED", doing: `offering the ${name} service at ${listen.ip}:${listen.port}`, target: `${listen.ip}:${listen.port}` });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => listener.close(done));
      for (const socket of sockets) socket.destroy();
      injector.destroy();
      server.forceShutdown();
      await closed;
    },
  };
}
