import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { isAllowed } from "../../linkerd/inbound-policy.ts";
import { transportAlpn } from "../../linkerd/transport-header.ts";
import { readPeer } from "../mesh/certificate-names.ts";
import { readTransportHeader } from "../mesh/read-header.ts";
import { readFirstBytes } from "./client-hello.ts";
import type { ProxyConfiguration } from "./configuration.ts";
import type { ControlClient } from "./control-client.ts";
import { isAllowedByDefault } from "./default-policy.ts";
import { refuseHttp, serveHttp2 } from "./inbound-http.ts";
import type { TlsMaterial } from "./material.ts";
import { openTcp, relay } from "./relay.ts";

/** What taking inbound connections needs; material and control change with every certificate. */
export interface InboundTools {
  readonly configuration: ProxyConfiguration;
  readonly material: () => TlsMaterial | undefined;
  readonly control: () => ControlClient | undefined;
}

/** Who is at the far end. */
interface Client {
  readonly ip: string;
  readonly identity: string | undefined;
}

const firstBytesWait = 10_000;

/** Serves one connection that came to the inbound port; rejects when it is refused. */
export async function serveInbound(tools: InboundTools, socket: Socket, to: Endpoint): Promise<void> {
  const { configuration } = tools;
  const ip = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  if (to.port === configuration.inbound.port) return serveDirect(tools, socket, { ip: to.ip, from: ip });
  const first = await peek(socket);
  if (first.kind === "tls" && first.serverName === configuration.serverName) {
    const tls = await terminate(tools, socket, []);
    return deliver(tools, tls, { to, client: { ip, identity: readPeer(tls).identity } });
  }
  return deliver(tools, socket, { to, client: { ip, identity: undefined }, http: first.kind === "plain" });
}

/** A peer that dialled the proxy itself: mTLS, and a header that names the application's port. */
async function serveDirect(tools: InboundTools, socket: Socket, { ip, from }: { readonly ip: string; readonly from: string }): Promise<void> {
  const tls = await terminate(tools, socket, [transportAlpn]);
  const { identity, alpn } = readPeer(tls);
  if (identity === undefined) throw new Error("direct connections must be mutually authenticated");
  if (alpn !== transportAlpn) throw new Error("direct connections require transport header negotiation");
  const { header, rest } = await readTransportHeader(tls, AbortSignal.timeout(firstBytesWait));
  if (header.port === tools.configuration.inbound.port) throw new Error("an inbound connection must not target the proxy itself");
  const to = { ip, port: header.port };
  const client = { ip: from, identity };
  if (header.session === undefined) {
    tls.unshift(rest);
    return deliver(tools, tls, { to, client });
  }
  return serveHttp2({ stream: tls, rest, to, identity, isAllowed: () => judge(tools, to.port, client) });
}

/** Passes bytes on to the application, if the policy of its port lets the client in. */
async function deliver(tools: InboundTools, stream: Duplex, order: { readonly to: Endpoint; readonly client: Client; readonly http?: boolean }): Promise<void> {
  if (!(await judge(tools, order.to.port, order.client))) {
    if (order.http === true) return refuseHttp(stream);
    throw new Error(`unauthorized connection on ${order.to.port} from ${order.client.identity ?? order.client.ip}`);
  }
  const application = await openTcp(order.to);
  await relay(stream, application);
}

async function judge({ control, configuration }: InboundTools, port: number, client: Client): Promise<boolean> {
  const server = await control()?.readPortPolicy(port);
  if (server !== undefined) return isAllowed(server, client);
  return isAllowedByDefault(configuration.defaultPolicy, configuration.clusterNetworks, client);
}

async function terminate({ material, configuration }: InboundTools, socket: Socket, alpn: readonly string[]): Promise<TLSSocket> {
  const own = material();
  if (own === undefined) throw new Error("there is no certificate yet");
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  // A server that never listens: it judges the client's certificate, which a bare TLSSocket would leave to us.
  const server = createTlsServer({
    ...own, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: true, ALPNProtocols: [...alpn],
    // Another name is not ours to answer for.
    SNICallback: (name, done) => done(name === configuration.serverName ? null : new Error(`no such server name: ${name}`)),
  });
  server.once("tlsClientError", reject).once("secureConnection", (tls) => {
    // The bare socket does not notice the end of the one that took its handle over.
    tls.once("close", () => socket.destroy());
    resolve(tls);
  });
  socket.once("close", () => reject(new Error("the handshake was broken off")));
  server.emit("connection", socket);
  return promise;
}

/** The first bytes of a connection, which stay in it. */
async function peek(socket: Socket): Promise<Exclude<ReturnType<typeof readFirstBytes>, { kind: "more" }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Exclude<ReturnType<typeof readFirstBytes>, { kind: "more" }>>();
  let bytes = Buffer.alloc(0);
  const onData = (part: Buffer): void => {
    bytes = Buffer.concat([bytes, part]);
    const first = readFirstBytes(bytes);
    if (first.kind === "more") return;
    socket.off("data", onData);
    socket.pause();
    socket.unshift(bytes);
    resolve(first);
  };
  // A server that speaks first sends nothing here: its connection is passed on as it is after a while.
  socket.setTimeout(firstBytesWait, () => resolve({ kind: "plain" }));
  socket.on("data", onData).once("close", () => reject(new Error("the connection ended before its first bytes")));
  const first = await promise;
  socket.setTimeout(0);
  return first;
}
