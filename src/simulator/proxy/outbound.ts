import { connect as connectTls, type ConnectionOptions, type PeerCertificate, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { decodeEndpoint, type Endpoint } from "../../linkerd/addresses.ts";
import type { WeightedAddr } from "../../linkerd/generated/destination.ts";
import { encodeTransportHeader, transportAlpn } from "../../linkerd/transport-header.ts";
import { parseNames } from "../mesh/certificate-names.ts";
import { isLoopback } from "../../model/settings/ip.ts";
import type { ControlClient } from "./control-client.ts";
import type { TlsMaterial } from "./material.ts";
import { openTcp, relay } from "./relay.ts";

/** What taking outbound connections needs. */
export interface OutboundTools {
  readonly material: () => TlsMaterial | undefined;
  readonly control: () => Pick<ControlClient, "readRoute"> | undefined;
  /** Endpoints at these addresses are on this machine: no TLS, no proxy in between. */
  readonly localIps: readonly string[];
}

/** How an endpoint is reached; plaintext without a peer. */
export interface Dialling {
  readonly to: Endpoint;
  readonly peer: { readonly identity: string; readonly serverName: string; /** Port that the transport header names. */ readonly port: number | undefined } | undefined;
}

/** How long a peer's handshake may take, milliseconds. */
const handshakeWait = 3000;

/** Serves one connection of an application that was going somewhere; rejects when it cannot go there. */
export async function serveOutbound(tools: OutboundTools, socket: Duplex, to: Endpoint): Promise<void> {
  if (isLoopback(to.ip)) throw new Error("the outbound proxy cannot initiate connections on the loopback interface");
  const control = tools.control();
  if (control === undefined) throw new Error("there is no certificate yet");
  const route = await control.readRoute(to);
  if (route.kind === "failed") throw new Error(route.why);
  const far = await dial(tools, route.kind === "plain" ? { to, peer: undefined } : planDialling(route.endpoint, tools.localIps));
  await relay(socket, far);
}

/** How linkerd2-proxy reaches an endpoint: over mTLS only when both its identity and its TLS name are known. */
export function planDialling({ addr, tlsIdentity, protocolHint }: WeightedAddr, localIps: readonly string[]): Dialling {
  const to = decodeEndpoint(addr);
  if (to === undefined) throw new Error("the endpoint has no address");
  const strategy = tlsIdentity?.strategy;
  const identity = strategy?.$case === "uriLikeIdentity" ? strategy.value.uri : strategy?.value.name;
  const serverName = tlsIdentity?.serverName?.name ?? (strategy?.$case === "dnsLikeIdentity" ? strategy.value.name : undefined);
  if (identity === undefined || serverName === undefined || localIps.includes(to.ip)) return { to, peer: undefined };
  const inboundPort = protocolHint?.opaqueTransport?.inboundPort;
  if (inboundPort === undefined) return { to, peer: { identity, serverName, port: undefined } };
  return { to: { ip: to.ip, port: inboundPort }, peer: { identity, serverName, port: to.port } };
}

async function dial({ material }: OutboundTools, { to, peer }: Dialling): Promise<Socket> {
  if (peer === undefined) return openTcp(to);
  const own = material();
  if (own === undefined) throw new Error("there is no certificate yet");
  const tls = await openTls(to, peer, own);
  if (peer.port !== undefined) tls.write(encodeTransportHeader({ port: peer.port, name: "", session: undefined }));
  return tls;
}

async function openTls(to: Endpoint, { identity, serverName, port }: NonNullable<Dialling["peer"]>, own: TlsMaterial): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  // Half-open connections are not in Node's types of a TLS client, but in its documentation.
  const options = {
    ...own, host: to.ip, port: to.port, servername: serverName, minVersion: "TLSv1.3" as const, ALPNProtocols: port === undefined ? [] : [transportAlpn],
    timeout: handshakeWait, allowHalfOpen: true,
    checkServerIdentity: (_name: string, { subjectaltname }: PeerCertificate) => (parseNames(subjectaltname).includes(identity) ? undefined : new Error(`the endpoint is ${subjectaltname ?? "nobody"}, not ${identity}`)),
  } satisfies ConnectionOptions & { readonly allowHalfOpen: boolean };
  const tls = connectTls(options);
  const onTimeout = (): void => void tls.destroy(new Error("the endpoint did not answer in time"));
  tls.once("timeout", onTimeout).once("error", reject).once("close", () => reject(new Error("the endpoint closed the connection")));
  tls.once("secureConnect", () => {
    tls.off("timeout", onTimeout).setTimeout(0);
    resolve(tls);
  });
  return promise;
}
