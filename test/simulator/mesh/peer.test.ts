import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { Authority, type Credentials } from "../../../src/simulator/issuer/authority.ts";
import { callMeshed, type MeshedCall } from "../../../src/simulator/mesh/meshed-call.ts";
import { EchoPeer, type Echo } from "../../../src/simulator/mesh/peer.ts";
import { findPort } from "../../support/find-port.ts";

const serverName = "echo.mesh.serviceaccount.identity.linkerd.cluster.local";
const client = "spiffe://mesh.test/client";
const life = { notBefore: new Date(), ttl: 3_600_000 };
const soon = (): AbortSignal => AbortSignal.timeout(5000);

describe("the meshed echo service and its caller", () => {
  let authority: Authority;
  let credentials: Credentials;
  let peer: EchoPeer;
  let call: MeshedCall;

  before(async () => {
    authority = await Authority.create("mesh.test", new Date());
    credentials = await authority.issue({ identity: client }, life);
    const port = await findPort();
    const to = { ip: "127.0.0.1", port };
    peer = new EchoPeer({ name: "echo", listen: to, rootPem: authority.rootPem, credentials: await authority.issue({ identity: serverName }, life) });
    await peer.open();
    call = { to, serverName, serverIdentity: serverName, port: 8080, path: "/hello?x=1", session: undefined, credentials, rootPem: authority.rootPem };
  });

  after(() => peer[Symbol.asyncDispose]());

  for (const session of [undefined, "http2"] as const) {
    it(`each sees who the other is, over TLS 1.3 (${session ?? "bytes as they are"})`, async () => {
      const answer = await callMeshed({ ...call, session }, soon());
      const echo = JSON.parse(answer.body) as Echo;
      assert.equal(answer.identity, serverName);
      assert.equal(answer.tlsVersion, "TLSv1.3");
      assert.deepEqual({ server: echo.server, identity: echo.identity, tlsVersion: echo.tlsVersion, alpn: echo.alpn, port: echo.port, path: echo.path, serial: echo.serial },
        { server: "echo", identity: client, tlsVersion: "TLSv1.3", alpn: "transport.l5d.io/v1", port: 8080, path: "/hello?x=1", serial: credentials.serial });
      assert.equal(echo.headers["l5d-orig-proto"], session === "http2" ? "HTTP/1.1" : undefined);
    });
  }

  it("the caller refuses a server that is somebody else", async () => {
    await assert.rejects(callMeshed({ ...call, serverIdentity: "spiffe://mesh.test/other" }, soon()), /the server is DNS:echo/);
  });

  it("the service refuses plaintext, and certificates of another root", async () => {
    const other = await Authority.create("mesh.test", new Date());
    await assert.rejects(callMeshed({ ...call, credentials: await other.issue({ identity: client }, life) }, soon()));
    const plain = Promise.withResolvers<string>();
    request({ host: "127.0.0.1", port: call.to.port }).once("error", (error) => plain.resolve(error.message)).once("response", () => plain.reject(new Error("it answered"))).end();
    assert.match(await plain.promise, /socket hang up|ECONNRESET/);
  });

  it("shows another certificate when told to, and nothing when it refuses", async () => {
    const renewed = await authority.issue({ identity: serverName }, life);
    peer.present(renewed);
    assert.equal((await callMeshed(call, soon())).serial, renewed.serial);
    await peer.close();
    const refused = Promise.withResolvers<string>();
    connect(call.to.port, "127.0.0.1").once("error", (error) => refused.resolve(error.message)).once("connect", () => refused.reject(new Error("it listens")));
    assert.match(await refused.promise, /ECONNREFUSED/);
    await peer.open();
    assert.equal((await callMeshed(call, soon())).status, 200);
  });
});
