import assert from "node:assert/strict";
import { createServer, connect, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import type { HostPort } from "../../src/model/settings/values.ts";
import { refuseCall } from "../../src/registration/reasons.ts";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { agreeing, machineId, mintIdentity, mintRoot, mintServer, openLab, registeredAs, registerAsk, renewAsk, renewed, serverName, type Lab } from "./wire-lab.ts";

const soon = (): AbortSignal => AbortSignal.timeout(8000);

/** The certificate that a new connection gets. */
async function serverCertificate({ server, root }: Lab, identity: TlsIdentity): Promise<PeerCertificate> {
  const socket = connectTls({ host: server.address.host, port: server.address.port, servername: serverName, ...identity.tlsCredentials(), ca: root.certificate.toString("pem"), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("secureConnect", resolve).once("error", reject);
  await promise;
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

/** Handlers whose renewals wait until they are let go. */
function holding(): { readonly handlers: ReturnType<typeof agreeing>; readonly arrived: Promise<void>; readonly letGo: () => void } {
  const [arrival, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const handlers = agreeing({
    renew: async () => {
      arrival.resolve();
      await release.promise;
      return { ok: true, answer: renewed };
    },
  });
  return { handlers, arrived: arrival.promise, letGo: release.resolve };
}

describe("registration wire, rotated", () => {
  it("serves new connections with the new certificate and goes on serving the old ones", async () => {
    const { handlers, arrived, letGo } = holding();
    await using lab = await openLab(handlers);
    const identity = await mintIdentity(lab.root, [lab.root]);
    const client = lab.client(() => identity);
    const underWay = client.renew(renewAsk, soon());
    await arrived;
    const before = await serverCertificate(lab, identity);
    lab.identities.push(await mintServer(lab.root, [lab.root]));
    while (!lab.log.messages.includes("serving with a new certificate")) await new Promise(setImmediate);
    const after = await serverCertificate(lab, identity);
    assert.notEqual(after.fingerprint256, before.fingerprint256);
    letGo();
    assert.ok((await underWay).ok);
    assert.ok((await client.register(registerAsk, soon())).ok);
  });

  it("believes a new root as soon as its bundle has it, and the old one no longer than its bundle does", async () => {
    const { handlers, arrived, letGo } = holding();
    await using lab = await openLab(handlers);
    const next = await mintRoot();
    const [old, young] = [await mintIdentity(lab.root, [lab.root, next]), await mintIdentity(next, [lab.root, next])];
    const [oldClient, youngClient] = [lab.client(() => old), lab.client(() => young)];
    const refused = await youngClient.register(registerAsk, soon());
    assert.ok(!refused.ok);
    const underWay = oldClient.renew(renewAsk, soon());
    await arrived;
    await rotate(lab, await mintServer(next, [lab.root, next]));
    assert.ok((await youngClient.register(registerAsk, soon())).ok);
    await rotate(lab, await mintServer(next, [next]));
    letGo();
    assert.ok((await underWay).ok, "a call under way is not lost");
    const outcome = await oldClient.register(registerAsk, soon());
    assert.ok(!outcome.ok, "the old root's machine has to connect anew, and cannot");
    assert.equal(outcome.refusal.code, "UNAVAILABLE");
    assert.ok((await youngClient.register(registerAsk, soon())).ok);
  });

  it("keeps its certificate when the new one cannot be used, and takes the one after", async () => {
    await using lab = await openLab();
    const identity = await mintIdentity(lab.root, [lab.root]);
    const good = await mintServer(lab.root, [lab.root]);
    lab.identities.push({ ...good, tlsCredentials: () => ({ cert: "no certificate", key: "no key" }) });
    while (!lab.log.messages.some((message) => message.startsWith("the new certificate cannot be used"))) await new Promise(setImmediate);
    assert.ok((await lab.client(() => identity).register(registerAsk, soon())).ok);
    await rotate(lab, good);
    assert.ok((await lab.client(() => identity).register(registerAsk, soon())).ok);
    assert.ok(!JSON.stringify(lab.log.lines).includes("no key"));
  });

  it("the client connects anew with a new SVID, without losing the call under way with the old one", async () => {
    const arrival = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const seen: string[] = [];
    await using lab = await openLab(agreeing({
      register: async (_request, caller) => {
        seen.push(caller.identity);
        return { ok: true, answer: registeredAs(caller.identity) };
      },
      renew: async () => {
        arrival.resolve();
        await release.promise;
        return { ok: true, answer: renewed };
      },
    }));
    let identity = await mintIdentity(lab.root, [lab.root]);
    const client = lab.client(() => identity);
    const underWay = client.renew(renewAsk, soon());
    await arrival.promise;
    identity = await mintIdentity(lab.root, [lab.root], { uris: [`${machineId}-2`] });
    assert.ok((await client.register(registerAsk, soon())).ok);
    assert.equal(lab.server.counts().connections, 2);
    release.resolve();
    assert.ok((await underWay).ok);
    assert.deepEqual(seen, [`${machineId}-2`]);
    while (lab.server.counts().connections > 1) await new Promise(setImmediate);
  });

  it("no call is lost while the server changes certificates, withdraws roots and ages connections", async () => {
    await using lab = await openLab(agreeing(), { connectionAge: 40 });
    const steady = await mintRoot();
    const identity = await mintIdentity(steady, [lab.root, steady]);
    await rotate(lab, await mintServer(steady, [lab.root, steady]));
    const clients = Array.from({ length: 4 }, () => lab.client(() => identity));
    let calls = 0;
    let rotating = true;
    const lost: unknown[] = [];
    const call = async (client: (typeof clients)[number]): Promise<void> => {
      while (rotating) {
        const outcome = await client.renew(renewAsk, soon());
        calls += 1;
        if (!outcome.ok) lost.push(outcome.refusal);
      }
    };
    const calling = clients.map(call);
    for (let round = 0; round < 10; round += 1) {
      const passing = await mintRoot();
      await rotate(lab, await mintServer(steady, [steady, passing]));
      const target = calls + 40;
      while (calls < target) await new Promise(setImmediate);
    }
    rotating = false;
    await Promise.all(calling);
    assert.deepEqual(lost, []);
    assert.ok(calls >= 400);
    assert.ok(lab.log.messages.length > 0);
    // A handshake for every few calls: seconds alone, many more beside other work.
  }).timeout(60_000);

  it("the client finds a server that comes back at its next call, without the library's pauses", async () => {
    await using first = await openLab();
    const identity = await mintIdentity(first.root, [first.root]);
    const client = first.client(() => identity);
    assert.ok((await client.renew(renewAsk, soon())).ok);
    await first.server.drain(1000);
    for (let call = 0; call < 3; call += 1) {
      const away = await client.renew(renewAsk, soon());
      assert.ok(!away.ok && away.refusal.code === "UNAVAILABLE" && away.refusal.next === "backoff");
    }
    await using _second = await openLab(agreeing(), { listen: first.server.address }, { root: first.root, identity: await mintServer(first.root, [first.root]) });
    assert.ok((await client.renew(renewAsk, soon())).ok);
  });

  it("the client keeps its connection when the service itself says that it is unavailable", async () => {
    await using lab = await openLab(agreeing({ renew: async () => ({ ok: false, refusal: refuseCall("UNAVAILABLE", "No store.") }) }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    const client = lab.client(() => identity);
    for (let call = 0; call < 3; call += 1) assert.ok(!(await client.renew(renewAsk, soon())).ok);
    assert.equal(lab.log.messages.filter((message) => message === "connecting to the registration service").length, 1);
  });

  it("the client leaves a connection that swallows calls", async () => {
    await using lab = await openLab();
    await using relay = await openRelay(lab.server.address);
    const identity = await mintIdentity(lab.root, [lab.root]);
    const client = lab.client(() => identity, { address: relay.address, callLimit: 300 });
    assert.ok((await client.renew(renewAsk, soon())).ok);
    relay.swallow();
    const lost = await client.renew(renewAsk, soon());
    assert.ok(!lost.ok && lost.refusal.code === "DEADLINE_EXCEEDED" && lost.refusal.next === "backoff");
    assert.ok((await client.renew(renewAsk, soon())).ok);
  });
});

async function rotate(lab: Lab, identity: TlsIdentity): Promise<void> {
  lab.identities.push(identity);
  const served = (): boolean => lab.log.lines.some(({ message, fields }) => message === "serving with a new certificate" && fields["fingerprint"] === identity.fingerprint);
  while (!served()) await new Promise(setImmediate);
}

/** A relay that can make its present connections swallow everything without closing. */
async function openRelay(to: HostPort): Promise<AsyncDisposable & { readonly address: HostPort; swallow(): void }> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(to.port, to.host);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far).pipe(near);
    pairs.add([near, far]);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    address: { host: "127.0.0.1", port: (server.address() as { port: number }).port },
    swallow: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
