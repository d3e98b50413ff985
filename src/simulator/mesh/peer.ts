import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTlsServer, type Server, type TLSSocket } from "node:tls";
import { transportAlpn } from "../../linkerd/transport-header.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import type { Credentials } from "../issuer/authority.ts";
import { bridgeSocket } from "./bridge.ts";
import { readPeer, type PeerFacts } from "./certificate-names.ts";
import { readTransportHeader } from "./read-header.ts";
import { openListener } from "../listening.ts";

/** What a meshed echo service is. */
export interface PeerOptions {
  readonly name: string;
  /** Where its proxy's inbound port would be. */
  readonly listen: Endpoint;
  /** Whom it believes. */
  readonly rootPem: string;
  readonly credentials: Credentials;
}

/** What the echo service saw of a request, as it answers in JSON. */
export interface Echo extends PeerFacts {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  /** Port that the transport header named. */
  readonly port: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const headerWait = 5000;

/** A service of the mesh with its proxy in one: takes connections as linkerd2-proxy's inbound port does and tells what it saw. */
export class EchoPeer implements AsyncDisposable {
  readonly #options: PeerOptions;
  readonly #sockets = new Set<TLSSocket>();
  #credentials: Credentials;
  #server: Server | undefined;
  #delay = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#credentials = options.credentials;
  }

  /** Listens; does nothing when it does already. */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const { listen, name } = this.#options;
    const server = createTlsServer(this.#context(), (socket) => this.#take(socket));
    // Who breaks off a handshake, or offers no certificate, is of no further interest.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    await openListener(server, { host: listen.ip, port: listen.port }, { code: "SIMULATOR_FAILED", doing: `starting the meshed service ${name} at ${listen.ip}:${listen.port}`, target: name });
    this.#server = server;
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
    this.cut();
    await closed;
  }

  /** Shows another certificate to whoever connects from now on. */
  present(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#server?.setSecureContext(this.#context());
  }

  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #context(): { cert: string; key: string; ca: string; requestCert: true; rejectUnauthorized: true; minVersion: "TLSv1.3"; ALPNProtocols: string[] } {
    const { chainPem: cert, keyPem: key } = this.#credentials;
    return { cert, key, ca: this.#options.rootPem, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3", ALPNProtocols: [transportAlpn] };
  }

  #take(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    this.#serve(socket).catch(() => socket.destroy());
  }

  async #serve(socket: TLSSocket): Promise<void> {
    const peer = readPeer(socket);
    const { header, rest } = await readTransportHeader(socket, AbortSignal.timeout(headerWait));
    const answer = (request: Asked, response: Reply): void => this.#answer({ peer, port: header.port }, request, response);
    // One small server a connection: its handler knows whom it serves.
    const server = header.session === "http2" ? createHttp2Server(answer) : createHttpServer(answer);
    server.emit("connection", bridgeSocket(socket, rest));
  }

  #answer({ peer, port }: { readonly peer: PeerFacts; readonly port: number }, request: Asked, response: Reply): void {
    const echo: Echo = { server: this.#options.name, ...peer, port, method: request.method ?? "", path: request.url ?? "", headers: request.headers };
    setTimeout(() => {
      response.statusCode = 200;
      response.setHeader("content-type", "application/json");
      response.end(`${JSON.stringify(echo)}\n`);
    }, this.#delay);
  }
}

/** What requests of HTTP/1.1 and HTTP/2 have in common. */
type Asked = Pick<IncomingMessage, "method" | "url" | "headers">;

/** What responses of HTTP/1.1 and HTTP/2 have in common. */
interface Reply {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}
