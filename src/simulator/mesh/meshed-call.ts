import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { encodeTransportHeader, transportAlpn } from "../../linkerd/transport-header.ts";
import type { Credentials } from "../issuer/authority.ts";
import { bridgeSocket } from "./bridge.ts";
import { parseNames, readPeer, type PeerFacts } from "./certificate-names.ts";

/** A request as a meshed pod's proxy makes it. */
export interface MeshedCall {
  /** The far proxy's own port. */
  readonly to: Endpoint;
  /** TLS name and identity that must answer there. */
  readonly serverName: string;
  readonly serverIdentity: string;
  /** Port of the application behind the far proxy. */
  readonly port: number;
  readonly path: string;
  readonly session: "http2" | undefined;
  readonly credentials: Pick<Credentials, "chainPem" | "keyPem">;
  readonly rootPem: string;
}

/** What the caller saw: the far proxy's certificate and the application's answer. */
export interface MeshedAnswer extends PeerFacts {
  readonly status: number;
  readonly body: string;
}

/** Calls a machine through its proxy's inbound port, over mTLS with a transport header; throws when it is refused. */
export async function callMeshed(call: MeshedCall, signal: AbortSignal): Promise<MeshedAnswer> {
  await using stack = new AsyncDisposableStack();
  const socket = await openMeshed(call, signal);
  stack.defer(() => void socket.destroy());
  const peer = readPeer(socket);
  const stream = bridgeSocket(socket, Buffer.alloc(0));
  const cut = new Promise<never>((_, reject) => stream.once("close", () => reject(new Error("the connection was closed"))));
  const answer = await Promise.race([call.session === "http2" ? requestHttp2(stream, call, signal) : requestHttp1(stream, call, signal), cut]);
  return { ...peer, ...answer };
}

async function openMeshed({ to, serverName, serverIdentity, credentials, rootPem, port, session }: MeshedCall, signal: AbortSignal): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connectTls({
    host: to.ip, port: to.port, servername: serverName, cert: credentials.chainPem, key: credentials.keyPem, ca: rootPem,
    minVersion: "TLSv1.3", ALPNProtocols: [transportAlpn],
    checkServerIdentity: (_name, { subjectaltname }) => (parseNames(subjectaltname).includes(serverIdentity) ? undefined : new Error(`the server is ${subjectaltname ?? "nobody"}, not ${serverIdentity}`)),
  });
  const giveUp = (): void => void socket.destroy(new Error("no answer in time"));
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  socket.once("error", reject).once("close", () => reject(new Error("the connection was closed")));
  socket.once("secureConnect", () => {
    // Handed on only when it has left: HTTP/2 on a socket with a pending write ends Node itself.
    socket.write(encodeTransportHeader({ port, name: "", session }), () => resolve(socket));
  });
  return promise;
}

async function requestHttp1(stream: Duplex, { path, to, port }: MeshedCall, signal: AbortSignal): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const asking = httpRequest({ createConnection: () => stream, path, headers: { host: authorityOf(to.ip, port), connection: "close" }, signal });
  asking.once("error", reject).once("response", (response) => {
    readText(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  asking.end();
  return promise;
}

/** HTTP/1.1 as proxies carry it between each other: in HTTP/2, with a header that says so. */
async function requestHttp2(stream: Duplex, { path, to, port }: MeshedCall, signal: AbortSignal): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const session = connectHttp2("http://mesh", { createConnection: () => stream });
  session.once("error", reject);
  const asking = session.request({ ":path": path, ":authority": authorityOf(to.ip, port), ":scheme": "http", host: authorityOf(to.ip, port), "l5d-orig-proto": "HTTP/1.1" }, { signal });
  asking.once("error", reject).once("response", (headers) => {
    readText(asking).then((body) => resolve({ status: Number(headers[":status"]), body }), reject);
  });
  asking.end();
  const answer = await promise;
  session.close();
  return answer;
}

function authorityOf(host: string, port: number): string {
  return hostPort.format({ host, port });
}

async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const part of stream) text += String(part);
  return text;
}
