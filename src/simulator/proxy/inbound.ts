import type { Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { isAllowed } from "../../linkerd/inbound-policy.ts";
import { transportAlpn } from "../../linkerd/transport-header.ts";
import { bridgeSocket } from "../mesh/bridge.ts";
import { readPeer } from "../mesh/certificate-names.ts";
import { readTransportHeader } from "../mesh/read-header.ts";
import { askControl, peekFirstBytes, type ConnectionContext } from "./connection.ts";
import { isAllowedByDefault } from "./default-policy.ts";
import { openTcp, relay } from "./relay.ts";

/** Takes a connection from the network to the application for which it is. */
export async function serveInbound(socket: Socket, context: ConnectionContext): Promise<void> {
  const { inbound, inboundIps, serverName } = context.configuration;
  const original = await findTarget(socket, context);
  if (inboundIps.length > 0 && !inboundIps.includes(original.ip)) throw new Error(`${original.ip} is not an address of this proxy`);
  const first = await peekFirstBytes(socket);
  const ours = first.kind === "tls" && first.serverName === serverName;
  if (original.port === inbound.port) {
    if (!ours) throw new Error("direct connections must be mutually authenticated");
    return serveDirect(socket, original, context);
  }
  const stream = ours ? await acceptTls(socket, context, false) : socket;
  const identity = stream === socket ? undefined : readPeer(stream as TLSSocket).identity;
  if (!await isAdmitted({ ip: clientIp(socket), identity }, original.port, context)) throw new Error(`unauthorized connection to port ${original.port}`);
  await relay(stream, await openTcp(original));
}

async function serveDirect(socket: Socket, original: Endpoint, context: ConnectionContext): Promise<void> {
  const tls = await acceptTls(socket, context, true);
  if (tls.alpnProtocol !== transportAlpn) throw new Error("direct connections require transport header negotiation");
  const { identity } = readPeer(tls);
  const { header, rest } = await readTransportHeader(tls, AbortSignal.timeout(headerWait));
  if (header.name !== "") throw new Error("this proxy is no gateway");
  if (header.port === original.port) throw new Error(`inbound connection must not target port ${original.port}`);
  const target = { ip: original.ip, port: header.port };
  const admitted = await isAdmitted({ ip: clientIp(socket), identity }, target.port, context);
  if (header.session !== undefined) {
    const { serveHttp } = await import("./http.ts");
    return serveHttp(bridgeSocket(tls, rest), { target, admitted, identity, session: header.session });
  }
  if (!admitted) throw new Error(`unauthorized connection to port ${target.port}`);
  if (rest.length > 0) tls.unshift(rest);
  await relay(tls, await openTcp(target));
}

const headerWait = 5000;

/** Terminates TLS under our name; each connection has its own small server, so that it takes the certificate of now. */
async function acceptTls(socket: Socket, { identity }: ConnectionContext, mutual: boolean): Promise<TLSSocket> {
  if (identity.material === undefined) throw new Error("the proxy has no certificate yet");
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const server = createTlsServer({ ...identity.material, requestCert: true, rejectUnauthorized: mutual, minVersion: "TLSv1.3", ALPNProtocols: [transportAlpn], handshakeTimeout: headerWait, allowHalfOpen: true }, resolve);
  server.once("tlsClientError", reject);
  server.emit("connection", socket);
  const tls = await promise;
  // A certificate that does not chain to the anchors must not pass for an identity.
  if (!tls.authorized && Object.keys(tls.getPeerCertificate() ?? {}).length > 0) throw new Error("the client's certificate is not of this mesh");
  tls.on("error", () => tls.destroy());
  return tls;
}

async function isAdmitted(client: { readonly ip: string; readonly identity: string | undefined }, port: number, context: ConnectionContext): Promise<boolean> {
  const policy = await askControl(context, (control) => control.readPortPolicy(port));
  const { defaultPolicy, clusterNetworks } = context.configuration;
  return policy === undefined ? isAllowedByDefault(defaultPolicy, clusterNetworks, client) : isAllowed(policy, client);
}

// Who comes to our own port directly is not redirected, and the socket's own address is what he called.
async function findTarget(socket: Socket, { originalDestination }: ConnectionContext): Promise<Endpoint> {
  const original = await originalDestination(socket);
  if (original !== undefined) return { ip: original.host, port: original.port };
  return { ip: unmapped(socket.localAddress), port: socket.localPort ?? 0 };
}

function clientIp(socket: Socket): string {
  return unmapped(socket.remoteAddress);
}

function unmapped(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:/, "");
}
