import assert from "node:assert/strict";
import { sessionWait } from "../../src/spiffe/connection.ts";
import { judgeChain } from "../../src/pki/judge-chain.ts";
import { readChain } from "../../src/pki/read-chain.ts";
import { firstX509Context } from "../../src/spiffe/workload-api.ts";
import type { X509Context } from "../../src/spiffe/x509-context.ts";
import type { ErrorCode } from "../../src/model/error-catalogue.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { sourceAt, Watch } from "../spiffe/watch.ts";
import { skipUnless } from "../support/skip.ts";
import { buildSpire, isSpireBuildable, spireNeeds } from "./spire/build.ts";
import { Spire } from "./spire.ts";

const id = "spiffe://mesh.test/vm/orders";

describe("the Workload API client against a real SPIRE", () => {
  skipUnless("spire", isSpireBuildable, spireNeeds);

  before("build", async function () {
    this.timeout(1_200_000);
    await buildSpire();
  });

  it("waits for an agent that is absent at start, says what entry is missing, and gets the identity", async () => {
    await using spire = await Spire.start({ agent: false });
    await using watch = new Watch(sourceAt(spire.address, { selector: `unix:uid:${process.getuid?.()}` }));
    assert.equal((await watch.trouble()).error.code, "SPIRE_ABSENT");
    await spire.startAgent();
    const { error } = await troubleOf(watch, "SPIRE_NO_ENTRY");
    assert.match(error.remedy, /-selector unix:uid:\d+`/u);
    await spire.createEntry({ spiffeId: id, dnsNames: ["orders.mesh.test"] });
    const [svid, ...others] = (await contextOf(watch)).svids;
    assert.ok(svid !== undefined && others.length === 0);
    assert.equal(svid.id, id);
    assert.equal(svid.trustDomain, "mesh.test");
    assert.deepEqual(svid.dnsNames, ["orders.mesh.test"]);
    assert.equal(svid.bundle.pem().trim(), spire.roots[0]?.trim());
    assert.ok(svid.expiresAt.getTime() > Date.now());
    assert.equal(svid.chain.length, 3, "leaf, server CA, upstream CA");
    const judgement = judgeChain({ facts: await readChain(svid.tlsCredentials().cert, svid.bundle.pem()), id, now: new Date() });
    assert.deepEqual(judgement.trusted && judgement.path.at(-1), "CN=root 1");
  });

  it("gives the first identity in well under a second when all is there", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id });
    await firstX509Context(sourceAt(spire.address), AbortSignal.timeout(20_000));
    const started = performance.now();
    await firstX509Context(sourceAt(spire.address), AbortSignal.timeout(5_000));
    assert.ok(performance.now() - started < 1_000, `${performance.now() - started} ms`);
  });

  it("sees rotations of a short-lived identity on the one stream, long before it expires", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id, ttl: 20 });
    await using watch = new Watch(sourceAt(spire.address));
    const [first] = (await contextOf(watch)).svids;
    const [second] = (await watch.context()).svids;
    assert.ok(first !== undefined && second !== undefined);
    assert.notEqual(second.fingerprint, first.fingerprint);
    assert.ok(second.expiresAt > first.expiresAt);
    assert.ok(Date.now() < first.expiresAt.getTime(), "the old one was still good");
    assert.equal(second.bundle.fingerprint, first.bundle.fingerprint);
  });

  it("comes back after the agent was killed", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id });
    await using watch = new Watch(sourceAt(spire.address));
    await contextOf(watch);
    await spire.killAgent();
    assert.equal((await watch.trouble()).error.code, "SPIRE_UNAVAILABLE");
    assert.equal((await watch.trouble()).error.code, "SPIRE_ABSENT", "the socket of the dead agent is still there");
    await spire.startAgent();
    assert.deepEqual((await contextOf(watch)).svids.map((svid) => svid.id), [id]);
  });

  it("is told when its entry goes, and gets the identity again when it is back", async () => {
    await using spire = await Spire.start();
    const entry = await spire.createEntry({ spiffeId: id });
    await using watch = new Watch(sourceAt(spire.address));
    await contextOf(watch);
    await spire.deleteEntry(entry);
    await troubleOf(watch, "SPIRE_NO_ENTRY");
    await spire.createEntry({ spiffeId: id });
    assert.deepEqual((await contextOf(watch)).svids.map((svid) => svid.id), [id]);
  });

  it("says that an agent hangs, and gets the identity when it goes on", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id });
    await firstX509Context(sourceAt(spire.address), AbortSignal.timeout(20_000));
    spire.freezeAgent(true);
    const clock = new JumpingClock();
    await using watch = new Watch(sourceAt(spire.address, { clock }));
    void clock.asleep(sessionWait).then(() => clock.jump(sessionWait));
    assert.equal((await watch.trouble()).error.code, "SPIRE_SILENT");
    spire.freezeAgent(false);
    void clock.asleep(1000).then(() => clock.jump(1000));
    assert.deepEqual((await watch.context()).svids.map((svid) => svid.id), [id]);
  });

  it("keeps the identity while the server is away, and follows the server when it is back", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id });
    await using watch = new Watch(sourceAt(spire.address));
    await contextOf(watch);
    await spire.killServer();
    assert.equal((await firstX509Context(sourceAt(spire.address), AbortSignal.timeout(5_000))).svids[0]?.id, id);
    await spire.startServer();
    await spire.createEntry({ spiffeId: `${id}2` });
    const added = await svidWhere(watch, (svid) => svid.id === `${id}2`);
    assert.equal(added.trustDomain, "mesh.test");
  });

  it("gives no identity to another user's entry", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id, uid: 54_321 });
    await using watch = new Watch(sourceAt(spire.address));
    await troubleOf(watch, "SPIRE_NO_ENTRY");
    await spire.createEntry({ spiffeId: `${id}2` });
    assert.deepEqual((await contextOf(watch)).svids.map((svid) => svid.id), [`${id}2`]);
  });

  it("sees a new root in the bundle before anything is signed with it", async () => {
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: id, ttl: 20 });
    await using watch = new Watch(sourceAt(spire.address));
    const before = (await contextOf(watch)).svids[0];
    await spire.rotateRoot();
    const after = await svidWhere(watch, ({ bundle }) => bundle.certificates.length === 2);
    assert.notEqual(after.bundle.fingerprint, before?.bundle.fingerprint);
    assert.equal(after.chain.at(-1)?.issuer, "CN=root 1");
    await spire.activateRotatedRoot();
    const moved = await svidWhere(watch, ({ chain }) => chain.at(-1)?.issuer === "CN=root 2");
    assert.equal(moved.bundle.fingerprint, after.bundle.fingerprint);
  });
});

/** The next context, whatever trouble comes before. */
async function contextOf(watch: Watch): Promise<X509Context> {
  return watch.until((event) => (event.kind === "context" ? event.context : undefined));
}

async function troubleOf(watch: Watch, code: ErrorCode) {
  return watch.until((event) => (event.kind === "trouble" && event.error.code === code ? event : undefined));
}

async function svidWhere(watch: Watch, fits: (svid: X509Context["svids"][number]) => boolean) {
  return watch.until((event) => (event.kind === "context" ? event.context.svids.find(fits) : undefined));
}
