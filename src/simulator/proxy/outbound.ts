import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { decodeEndpoint, type Endpoint } from "../../linkerd/addresses.ts";
import type { WeightedAddr } from "../../linkerd/generated/destination.ts";
import { encodeTransportHeader, transportAlpn } from "../../linkerd/transport-header.ts";
import { parseNames } from "../mesh/certificate-names.ts";
import type { ControlClient } from "./control-client.ts";
import type { TlsMaterial } from "./material.ts";
import { openTcp, relay } from "./relay.ts";

/** What taking outbound connections needs. */
export interface OutboundTools {
  readonly material: () => TlsMaterial | undefined;
  readonly control: () => ControlClient | undefined;
}

/** Serves one connection of an application that was going somewhere; rejects when it cannot go there. */
export async function serveOutbound(tools: OutboundTools, socket: Socket, to: Endpoint): Promise<void> {
  if (/^127\.|^::1$/.test(to.ip)) throw new Error("the outbound proxy cannot initiate connections on the loopback interface");
  const control = tools.control();
  if (control === undefined) throw new Error("there is no certificate yet");
  const route = await control.readRoute(to);
  if (route.kind === "failed") throw new Error(route.why);
  const far = route.kind === "plain" ? await openTcp(to) : await openEndpoint(tools, route.endpoint);
  await relay(socket, far);
}

async function openEndpoint({ material }: OutboundTools, { addr, tlsIdentity, protocolHint }: WeightedAddr): Promise<Socket> {
  const endpoint = decodeEndpoint(addr);
  if (endpoint === undefined) throw new Error("the endpoint has no address");
  const strategy = tlsIdentity?.strategy;
  const identity = strategy?.$case === "uriLikeIdentity" ? strategy.value.uri : strategy?.value.name;
  const serverName = tlsIdentity?.serverName?.name ?? (strategy?.$case === "dnsLikeIdentity" ? strategy.value.name : undefined);
  const own = material();
  if (identity === undefined || serverName === undefined || own === undefined) return openTcp(endpoint);
  const inboundPort = protocolHint?.opaqueTransport?.inboundPort;
  const tls = await openTls({ to: { ip: endpoint.ip, port: inboundPort ?? endpoint.port }, identity, serverName, own, alpn: inboundPort === undefined ? [] : [transportAlpn] });
  if (inboundPort !== undefined) tls.write(encodeTransportHeader({ port: endpoint.port, name: "", session: undefined }));
  return tls;
}

async function openTls({ to, identity, serverName, own, alpn }: { to: Endpoint; identity: string; serverName: string; own: TlsMaterial; alpn: readonly string[] }): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const tls = connectTls({
    ...own, host: to.ip, port: to.port, servername: serverName, minVersion: "TLSv1.3", ALPNProtocols: [...alpn], timeout: 3000,
    checkServerIdentity: (_name, { subjectaltname }) => (parseNames(subjectaltname).includes(identity) ? undefined : new Error(`the endpoint is ${subjectaltname ?? "nobody"}, not ${identity}`)),
  });
  tls.once("timeout", () => tls.destroy(new Error("the endpoint did not answer in time")));
  tls.once("error", reject).once("secureConnect", () => {
    tls.setTimeout(0);
    resolve(tls);
  });
  return promise;
}
