import assert from "node:assert/strict";
import { refuseCall } from "../../src/registration/reasons.ts";
import { parseSvid } from "../../src/spiffe/svid.ts";
import { openRegistrationServer } from "../../src/registration/server.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { derOf, keyDerOf, mintCertificate } from "../fakes/certificates.ts";
import { agreeing, machineId, mintIdentity, mintRoot, mintServer, openLab, registerAsk, renewAsk, serverName } from "./wire-lab.ts";

const soon = (): AbortSignal => AbortSignal.timeout(8000);

describe("registration wire", () => {
  it("carries a machine's life: it joins as who its certificate says, stays and leaves", async () => {
    const seen: string[] = [];
    await using lab = await openLab(agreeing({
      deregister: async (request, { identity }) => {
        seen.push(`${request.workloadNamespace}/${request.workloadName} ${request.mode} ${identity}`);
        return { ok: true, answer: { drainFor: { seconds: 10n, nanos: 0 } } };
      },
    }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    const client = lab.client(() => identity);
    const joined = await client.register(registerAsk, soon());
    assert.ok(joined.ok);
    assert.deepEqual(joined.answer, {
      workload: { namespace: "shop", name: "orders-1" }, uid: "u", identity: machineId, serverName: "orders-1.shop.external.identity.linkerd.cluster.local",
      lease: { token: "t0k3n", duration: 40_000, renewInterval: 10_000, deregisterAfter: 600_000 },
      probe: { action: { kind: "httpGet", host: "127.0.0.1", port: 8000, path: "/ready", scheme: "HTTP", headers: {} }, initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 },
      ports: [{ name: "http", port: 80, protocol: "TCP" }], proxy: { clusterDomain: "cluster.local" }, configVersion: "c1",
    });
    const stayed = await client.renew(renewAsk, soon());
    assert.deepEqual(stayed, { ok: true, answer: { lease: joined.answer.lease, configChanged: false, minNextCall: 1000, healthSeqApplied: 3 } });
    assert.deepEqual(await client.deregister({ ...renewAsk, mode: "delete" }, soon()), { ok: true, answer: 10_000 });
    assert.deepEqual(seen, [`shop/orders-1 1 ${machineId}`]);
    assert.equal(lab.server.counts().connections, 1);
  });

  it("takes an SVID of the Workload API as it is", async () => {
    await using lab = await openLab();
    const leaf = await mintCertificate({ issuer: lab.root, uris: [machineId] });
    const svid = parseSvid({ spiffeId: machineId, x509Svid: derOf(leaf), x509SvidKey: await keyDerOf(leaf), bundle: derOf(lab.root), hint: "" }, new Date());
    assert.ok((await lab.client(() => svid).register(registerAsk, soon())).ok);
  });

  it("carries refusals with their reason and time", async () => {
    await using lab = await openLab(agreeing({ register: async () => ({ ok: false, refusal: refuseCall("GROUP_NOT_FOUND", "There is no group shop/örders → 100 %.") }) }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    assert.deepEqual(await lab.client(() => identity).register(registerAsk, soon()), {
      ok: false, refusal: { reason: "GROUP_NOT_FOUND", code: "FAILED_PRECONDITION", next: "wait", retryAfter: 15_000, message: "There is no group shop/örders → 100 %." },
    });
  });

  it("lets in nobody whom the bundle does not vouch for", async () => {
    await using lab = await openLab();
    const foreign = await mintIdentity(await mintRoot(), [lab.root]);
    const outcome = await lab.client(() => foreign).register(registerAsk, soon());
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.refusal.code, outcome.refusal.next], ["UNAVAILABLE", "backoff"]);
    assert.equal(lab.server.counts().failedHandshakes > 0, true);
  });

  it("speaks to no server but the one whose name is pinned: neither another name, nor a wildcard, nor a common name", async () => {
    for (const wish of [{ dnsNames: ["other.linkerd.serviceaccount.identity.linkerd.cluster.local"] }, { dnsNames: [serverName.replace(/^[^.]+/u, "*")] }, { dnsNames: [], subject: `CN=${serverName}` }]) {
      const root = await mintRoot();
      await using lab = await openLab(agreeing(), {}, { root, identity: await mintServer(root, [root], wish) });
      const identity = await mintIdentity(root, [root]);
      const outcome = await lab.client(() => identity).register(registerAsk, soon());
      assert.ok(!outcome.ok);
      assert.deepEqual([outcome.refusal.reason, outcome.refusal.next], ["SERVER_NAME", "backoff"], JSON.stringify(wish));
    }
  });

  it("trusts no server that its own bundle does not vouch for, and says so", async () => {
    await using lab = await openLab();
    const identity = await mintIdentity(lab.root, [await mintRoot()]);
    const outcome = await lab.client(() => identity).register(registerAsk, soon());
    assert.ok(!outcome.ok);
    assert.equal(outcome.refusal.reason, "UNAVAILABLE");
    assert.match(outcome.refusal.message, /certificate/);
  });

  it("refuses a caller whose certificate expired on an open connection, and serves it again with a new one", async () => {
    await using lab = await openLab();
    let identity = await mintIdentity(lab.root, [lab.root], { expiresAt: new Date(Date.now() + 600_000) });
    const stale = { ...identity, expiresAt: new Date(8e15) };
    const [client, sleepy] = [lab.client(() => identity), lab.client(() => stale)];
    assert.ok((await client.renew(renewAsk, soon())).ok && (await sleepy.renew(renewAsk, soon())).ok);
    lab.clock.jump(600_001);
    const late = await sleepy.renew(renewAsk, soon());
    assert.ok(!late.ok);
    assert.deepEqual([late.refusal.reason, late.refusal.code], ["NO_IDENTITY", "UNAUTHENTICATED"]);
    const own = await client.renew(renewAsk, soon());
    assert.ok(!own.ok);
    assert.match(own.refusal.message, /own certificate expired/);
    identity = await mintIdentity(lab.root, [lab.root]);
    assert.ok((await client.renew(renewAsk, soon())).ok);
  });

  it("makes no call without an identity", async () => {
    await using lab = await openLab();
    const outcome = await lab.client(() => undefined).register(registerAsk, soon());
    assert.ok(!outcome.ok && outcome.refusal.reason === "NO_IDENTITY");
    assert.equal(lab.server.counts().connections, 0);
  });

  it("notices a service that takes the machine for another", async () => {
    await using lab = await openLab();
    const identity = { ...(await mintIdentity(lab.root, [lab.root])), id: "spiffe://root.linkerd.cluster.local/vm/another" };
    const outcome = await lab.client(() => identity).register(registerAsk, soon());
    assert.ok(!outcome.ok && outcome.refusal.reason === "NO_IDENTITY");
    assert.match(outcome.refusal.message, /takes this machine for spiffe:\/\/root.linkerd.cluster.local\/vm\/orders/);
  });

  it("hides from machines what failed unforeseen, and logs it", async () => {
    await using lab = await openLab(agreeing({ renew: async () => Promise.reject(new Error("secret detail")) }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    const outcome = await lab.client(() => identity).renew(renewAsk, soon());
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.refusal.code, outcome.refusal.message], ["INTERNAL", "The registration service failed; its log says why."]);
    assert.equal(lab.log.lines.find(({ level }) => level === "error")?.fields["error"], "Error: secret detail");
  });

  it("opens at no port that is taken", async () => {
    await using lab = await openLab();
    let left = false;
    const first = await mintServer(lab.root, [lab.root]);
    const identities = (async function* () {
      try {
        yield first;
      } finally {
        left = true;
      }
    })();
    await assert.rejects(openLab(agreeing(), { listen: lab.server.address, auth: { kind: "tls", identities } }), { code: "PORT_TAKEN" });
    assert.ok(left, "the source of identities is left");
  });

  it("opens with no identity neither for ever nor at all", async () => {
    const endless = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    const options = { listen: { host: "127.0.0.1", port: 0 }, handlers: agreeing(), clock: new JumpingClock(), log: silentLog };
    const giveUp = new AbortController();
    const opening = openRegistrationServer({ ...options, auth: { kind: "tls", identities: endless } }, giveUp.signal);
    giveUp.abort(new Error("stopping"));
    await assert.rejects(opening, /^Error: stopping$/u);
    const none = (async function* () {})();
    await assert.rejects(openRegistrationServer({ ...options, auth: { kind: "tls", identities: none } }, soon()), { code: "INTERNAL" });
  });
});
