import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as connectTcp, type AddressInfo, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { encodeTransportHeader, transportAlpn } from "../../../src/linkerd/transport-header.ts";
import { callMeshed, type MeshedCall } from "../../../src/simulator/mesh/meshed-call.ts";
import { Authority } from "../../../src/simulator/issuer/authority.ts";
import { openApplication } from "../../../src/simulator/plain.ts";
import type { DefaultPolicy } from "../../../src/simulator/proxy/configuration.ts";
import { serveInbound } from "../../../src/simulator/proxy/inbound.ts";

const identity = "spiffe://mesh.test/machine";
const client = "web.default.serviceaccount.identity.linkerd.cluster.local";
const serverName = "machine.mesh.test";
const life = { notBefore: new Date(), ttl: 600_000 };

describe("small proxy, inbound, over real TLS", () => {
  let mesh: Authority;
  let stranger: Authority;
  let server: Server;
  let application: { readonly port: number; readonly stack: AsyncDisposableStack };
  /** Where connections were going before they were redirected; the proxy's own port when undefined. */
  let captured: { readonly ip: string; readonly port: number } | undefined;
  let inboundIps: readonly string[] = [];
  let policy: DefaultPolicy = "all-authenticated";

  before(async () => {
    [mesh, stranger] = await Promise.all([Authority.create("mesh.test", new Date()), Authority.create("mesh.test", new Date())]);
    const own = await mesh.issue({ identity, also: [serverName] }, life);
    const port = await freePort();
    const stack = new AsyncDisposableStack();
    stack.use(await openApplication({ ip: "127.0.0.1", port }));
    application = { port, stack };
    server = createServer({ allowHalfOpen: true }, (socket) => {
      const to = { ip: "127.0.0.1", port: (server.address() as AddressInfo).port };
      const configuration = { serverName, defaultPolicy: policy, clusterNetworks: [], inboundIps, inbound: to };
      socket.on("error", () => socket.destroy());
      serveInbound({ configuration, material: () => ({ cert: own.chainPem, key: own.keyPem, ca: mesh.rootPem }), readPolicy: () => Promise.resolve(undefined) }, socket, captured ?? to).catch(() => socket.destroy());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  after(async () => {
    server.close();
    await application.stack.disposeAsync();
  });

  beforeEach(() => {
    policy = "all-authenticated";
    captured = undefined;
    inboundIps = [];
  });

  for (const session of [undefined, "http2"] as const) {
    it(`carries a call of the mesh to the application (${session ?? "bytes"})`, async () => {
      const answer = await call({ session }, mesh);
      assert.equal(answer.status, 200);
      assert.equal(answer.identity, identity);
      assert.equal(answer.tlsVersion, "TLSv1.3");
    });
  }

  it("refuses a client whose certificate another authority issued", async () => {
    await assert.rejects(call({ session: undefined }, stranger));
  });

  it("refuses a client without a certificate, and keeps nothing of its connection", async () => {
    const tls = connectTls({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, servername: serverName, ALPNProtocols: [transportAlpn], ca: mesh.rootPem, checkServerIdentity: () => undefined });
    const failed = once(tls, "error");
    await once(tls, "secureConnect");
    await failed;
    assert.equal(await new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))), 0);
  });

  it("refuses plaintext at its own port", async () => {
    const socket = connectTcp((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => undefined);
    let answer = "";
    socket.on("data", (part) => (answer += String(part)));
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(socket, "close");
    assert.equal(answer, "");
  });

  it("answers 403 to HTTP that the policy denies, and nothing to bytes", async () => {
    policy = "deny";
    assert.equal((await call({ session: "http2" }, mesh)).status, 403);
    await assert.rejects(call({ session: undefined }, mesh));
  });

  it("serves HTTP/1.1 of the mesh as such, with the caller's identity for the application", async () => {
    const tls = await dialTls({ servername: serverName, ALPNProtocols: [transportAlpn] });
    tls.write(encodeTransportHeader({ port: application.port, name: "", session: "http1" }));
    tls.write("GET /one HTTP/1.1\r\nhost: machine\r\nl5d-client-id: forged\r\nconnection: close\r\n\r\n");
    const answer = await readAll(tls);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, new RegExp(`"l5d-client-id":"${client}"`));
  });

  it("takes no direct connection without the protocol of transport headers", async () => {
    const tls = await dialTls({ servername: serverName, ALPNProtocols: [] });
    assert.equal(await readAll(tls), "");
  });

  it("takes connections at this machine's own addresses only, when it was told them", async () => {
    inboundIps = ["10.0.0.5"];
    await assert.rejects(call({ session: undefined }, mesh));
    inboundIps = ["127.0.0.1"];
    assert.equal((await call({ session: undefined }, mesh)).status, 200);
  });

  it("judges plaintext at a captured port by the policy: served, 403 to HTTP, an end to everything else", async () => {
    captured = { ip: "127.0.0.1", port: application.port };
    policy = "all-unauthenticated";
    assert.match(await askPlain("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"), /^HTTP\/1\.1 200 /);
    policy = "all-authenticated";
    assert.match(await askPlain("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"), /^HTTP\/1\.1 403 [^]*l5d-proxy-error: unauthorized/);
  });

  it("ends TLS for its own name at a captured port, and passes TLS for another name on as it is", async () => {
    captured = { ip: "127.0.0.1", port: application.port };
    const tls = await dialTls({ servername: serverName, ALPNProtocols: [] });
    tls.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert.match(await readAll(tls), /^HTTP\/1\.1 200 /);
    policy = "all-unauthenticated";
    // The application knows no TLS: that it complains shows that the bytes reached it.
    await assert.rejects(dialTls({ servername: "other.mesh.test", ALPNProtocols: [] }), /wrong version|packet length|reset|hang up|disconnected|EPROTO/i);
  });

  async function dialTls(options: { readonly servername: string; readonly ALPNProtocols: string[] }): Promise<TLSSocket> {
    const { chainPem: cert, keyPem: key } = await mesh.issue({ identity: client }, life);
    const socket = connectTls({ ...options, host: "127.0.0.1", port: (server.address() as AddressInfo).port, cert, key, ca: mesh.rootPem, checkServerIdentity: () => undefined });
    await once(socket, "secureConnect");
    return socket;
  }

  function askPlain(text: string): Promise<string> {
    const socket = connectTcp((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(text);
    return readAll(socket);
  }

  async function call({ session }: Pick<MeshedCall, "session">, authority: Authority): ReturnType<typeof callMeshed> {
    const credentials = await authority.issue({ identity: client }, life);
    const to = { ip: "127.0.0.1", port: (server.address() as AddressInfo).port };
    return callMeshed({ to, serverName, serverIdentity: identity, port: application.port, path: "/", session, credentials, rootPem: mesh.rootPem }, AbortSignal.timeout(3000));
  }
});

async function readAll(socket: Duplex): Promise<string> {
  let text = "";
  socket.on("error", () => undefined).on("data", (part) => (text += String(part)));
  await once(socket, "close");
  return text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
