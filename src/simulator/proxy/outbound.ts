import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { decodeEndpoint, type Endpoint } from "../../linkerd/addresses.ts";
import type { WeightedAddr } from "../../linkerd/generated/destination.ts";
import { encodeTransportHeader, transportAlpn } from "../../linkerd/transport-header.ts";
import { parseNames } from "../mesh/certificate-names.ts";
import { askControl, type ConnectionContext } from "./connection.ts";
import { openTcp, relay } from "./relay.ts";

/** Takes a connection of an application of this machine to where the mesh says; what the mesh does not know goes its way. */
export async function serveOutbound(socket: Socket, context: ConnectionContext): Promise<void> {
  const original = await context.originalDestination(socket);
  if (original === undefined) throw new Error("the connection was not redirected");
  const target = { ip: original.host, port: original.port };
  if (isLoopback(target.ip)) throw new Error("Outbound proxy cannot initiate connections on the loopback interface");
  const route = await askControl(context, (client) => client.readRoute(target));
  if (route.kind === "failed") throw new Error(route.why);
  const far = await (route.kind === "plain" ? openTcp(target) : openEndpoint(route.endpoint, context));
  await relay(socket, far);
}

async function openEndpoint(endpoint: WeightedAddr, context: ConnectionContext): Promise<Socket> {
  const address = decodeEndpoint(endpoint.addr);
  if (address === undefined) throw new Error("the endpoint has no address");
  if (isLoopback(address.ip)) throw new Error("Outbound proxy cannot initiate connections on the loopback interface");
  const local = context.configuration.inboundIps.includes(address.ip);
  return endpoint.tlsIdentity === undefined || local ? openTcp(address) : openMeshed(endpoint, address, context);
}

async function openMeshed({ tlsIdentity, protocolHint }: WeightedAddr, address: Endpoint, { identity }: ConnectionContext): Promise<TLSSocket> {
  const strategy = tlsIdentity?.strategy;
  const wanted = strategy?.$case === "uriLikeIdentity" ? strategy.value.uri : strategy?.value.name;
  const inboundPort = protocolHint?.opaqueTransport?.inboundPort;
  const raw = await openTcp({ ip: address.ip, port: inboundPort ?? address.port });
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connectTls({
    ...identity.material, socket: raw, servername: tlsIdentity?.serverName?.name ?? wanted ?? "", minVersion: "TLSv1.3",
    ...(inboundPort === undefined ? {} : { ALPNProtocols: [transportAlpn] }),
    checkServerIdentity: (_name, { subjectaltname }) => (wanted !== undefined && parseNames(subjectaltname).includes(wanted) ? undefined : new Error(`the server is ${subjectaltname ?? "nobody"}, not ${wanted}`)),
  });
  raw.setTimeout(handshakeWait, () => socket.destroy(new Error("no handshake in time")));
  socket.once("error", reject).once("close", () => reject(new Error("the endpoint closed the connection")));
  socket.once("secureConnect", () => {
    raw.setTimeout(0);
    if (inboundPort === undefined) return resolve(socket);
    if (socket.alpnProtocol !== transportAlpn) return socket.destroy(new Error("the endpoint does not take a transport header"));
    socket.write(encodeTransportHeader({ port: address.port, name: "", session: undefined }));
    resolve(socket);
  });
  return promise;
}

const handshakeWait = 2000;

function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}
