import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { readText } from "../../base/read-text.ts";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { encodeTransportHeader, transportAlpn } from "../../linkerd/transport-header.ts";
import type { Credentials } from "../issuer/authority.ts";
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

/** Calls a machine through its proxy's inbound port, over mTLS with a transport header; throws at once when it is refused. */
export async function callMeshed(call: MeshedCall, signal: AbortSignal): Promise<MeshedAnswer> {
  await using stack = new AsyncDisposableStack();
  const socket = openTlsTo(call);
  stack.defer(() => void socket.destroy());
  // A refused certificate shows in TLS 1.3 only after the handshake: as an end of the connection, at any time.
  const cut = Promise.withResolvers<never>();
  cut.promise.catch(() => undefined);
  const giveUp = (): void => void socket.destroy(new Error("no answer in time"));
  socket.once("error", cut.reject).once("close", () => cut.reject(new Error("the connection was closed")));
  signal.addEventListener("abort", giveUp, { once: true });
  stack.defer(() => signal.removeEventListener("abort", giveUp));
  if (signal.aborted) giveUp();
  return await Promise.race([ask(socket, call), cut.promise]);
}

async function ask(socket: TLSSocket, call: MeshedCall): Promise<MeshedAnswer> {
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const peer = readPeer(socket);
  // Gone before anything else: HTTP/2 on a socket with a pending write ends Node itself.
  await new Promise((resolve) => socket.write(encodeTransportHeader({ port: call.port, name: "", session: call.session }), resolve));
  const answer = call.session === "http2" ? await requestHttp2(socket, call) : await requestHttp1(socket, call);
  return { ...peer, ...answer };
}

function openTlsTo({ to, serverName, serverIdentity, credentials, rootPem }: MeshedCall): TLSSocket {
  return connectTls({
    host: to.ip, port: to.port, servername: serverName, cert: credentials.chainPem, key: credentials.keyPem, ca: rootPem,
    minVersion: "TLSv1.3", ALPNProtocols: [transportAlpn],
    checkServerIdentity: (_name, { subjectaltname }) => (parseNames(subjectaltname).includes(serverIdentity) ? undefined : new Error(`the server is ${subjectaltname ?? "nobody"}, not ${serverIdentity}`)),
  });
}

async function requestHttp1(socket: TLSSocket, { path, to, port }: MeshedCall): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const asking = httpRequest({ createConnection: () => socket, path, headers: { host: authorityOf(to.ip, port), connection: "close" } });
  asking.on("error", reject).once("response", (response) => {
    readText(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  asking.end();
  return promise;
}

/**
 * HTTP/1.1 as proxies carry it between each other: in HTTP/2, with a header that says so. It gets the socket itself:
 * through a stream of ours, Node fails an assertion when the far end closes while the preface is being written.
 */
async function requestHttp2(socket: TLSSocket, { path, to, port }: MeshedCall): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const session = connectHttp2("http://mesh", { createConnection: () => socket });
  session.on("error", reject);
  const asking = session.request({ ":path": path, ":authority": authorityOf(to.ip, port), ":scheme": "http", host: authorityOf(to.ip, port), "l5d-orig-proto": "HTTP/1.1" });
  asking.on("error", reject).once("response", (headers) => {
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
