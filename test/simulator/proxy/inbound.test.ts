import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as connectTcp, type AddressInfo, type Server } from "node:net";
import { callMeshed, type MeshedCall } from "../../../src/simulator/mesh/meshed-call.ts";
import { Authority } from "../../../src/simulator/issuer/authority.ts";
import { openApplication } from "../../../src/simulator/plain.ts";
import type { ProxyConfiguration } from "../../../src/simulator/proxy/configuration.ts";
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
  let policy = "all-authenticated";

  before(async () => {
    [mesh, stranger] = await Promise.all([Authority.create("mesh.test", new Date()), Authority.create("mesh.test", new Date())]);
    const own = await mesh.issue({ identity, also: [serverName] }, life);
    const port = await freePort();
    const stack = new AsyncDisposableStack();
    stack.use(await openApplication({ ip: "127.0.0.1", port }));
    application = { port, stack };
    server = createServer({ allowHalfOpen: true }, (socket) => {
      const to = { ip: "127.0.0.1", port: (server.address() as AddressInfo).port };
      const configuration = { serverName, defaultPolicy: policy, clusterNetworks: [], inbound: to } as unknown as ProxyConfiguration;
      socket.on("error", () => socket.destroy());
      serveInbound({ configuration, material: () => ({ cert: own.chainPem, key: own.keyPem, ca: mesh.rootPem }), control: () => undefined }, socket, to).catch(() => socket.destroy());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  after(async () => {
    server.close();
    await application.stack.disposeAsync();
  });

  beforeEach(() => {
    policy = "all-authenticated";
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

  async function call({ session }: Pick<MeshedCall, "session">, authority: Authority): ReturnType<typeof callMeshed> {
    const credentials = await authority.issue({ identity: client }, life);
    const to = { ip: "127.0.0.1", port: (server.address() as AddressInfo).port };
    return callMeshed({ to, serverName, serverIdentity: identity, port: application.port, path: "/", session, credentials, rootPem: mesh.rootPem }, AbortSignal.timeout(3000));
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
