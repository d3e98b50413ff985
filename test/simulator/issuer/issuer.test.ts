import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMeshError } from "../../../src/model/errors.ts";
import { systemClock } from "../../../src/platform/node/clock.ts";
import { Authority } from "../../../src/simulator/issuer/authority.ts";
import { Issuer } from "../../../src/simulator/issuer/issuer.ts";
import { selectSvid } from "../../../src/spiffe/select-svid.ts";
import { watchX509Context, type X509Event } from "../../../src/spiffe/workload-api.ts";
import type { X509Context } from "../../../src/spiffe/x509-context.ts";
import { JumpingClock } from "../../fakes/jumping-clock.ts";
import { silentLog } from "../../fakes/silent-log.ts";

const identity = "spiffe://mesh.test/vm";
const hour = 3_600_000;

/** An issuer and the product's own client on its socket. */
class Bench implements AsyncDisposable {
  readonly clock = new JumpingClock();
  readonly issuer: Issuer;
  readonly authority: Authority;
  readonly socketPath: string;
  readonly #stack: AsyncDisposableStack;
  readonly #stop = new AbortController();
  readonly #events: AsyncGenerator<X509Event, void, void>;

  private constructor(parts: { issuer: Issuer; authority: Authority; socketPath: string; clock: JumpingClock; stack: AsyncDisposableStack }) {
    this.issuer = parts.issuer;
    this.authority = parts.authority;
    this.socketPath = parts.socketPath;
    this.clock = parts.clock;
    this.#stack = parts.stack;
    // The client waits by the system's clock, so that its own patience does not jump.
    this.#events = watchX509Context({ address: `unix://${parts.socketPath}`, clock: systemClock, log: silentLog, random: () => 0 }, this.#stop.signal);
  }

  static async open(): Promise<Bench> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "sim-issuer-"));
    stack.defer(() => rm(folder, { recursive: true }));
    const [clock, socketPath] = [new JumpingClock(), join(folder, "api.sock")];
    const authority = await Authority.create("mesh.test", clock.now());
    const issuer = stack.use(await Issuer.open({ clock, log: silentLog, socketPath, socketOpened: () => Promise.resolve(), subject: { identity }, ttl: hour }, authority));
    return new Bench({ issuer, authority, socketPath, clock, stack: stack.move() });
  }

  async next(): Promise<X509Event> {
    const { value } = await this.#events.next();
    assert.ok(value !== undefined);
    return value;
  }

  async context(): Promise<X509Context> {
    const event = await this.next();
    assert.ok(event.kind === "context", event.kind === "trouble" ? event.error.what : "");
    return event.context;
  }

  async trouble(): Promise<string> {
    const event = await this.next();
    assert.ok(event.kind === "trouble");
    return event.error.code;
  }

  async fingerprint(): Promise<string> {
    return selectSvid(await this.context(), identity).fingerprint;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#events.return();
    await this.#stack.disposeAsync();
  }
}

describe("simulator: issuer, to the product's own client", () => {
  it("gives a good SVID whose bundle is the root", async () => {
    await using bench = await Bench.open();
    const svid = selectSvid(await bench.context(), identity);
    assert.equal(svid.trustDomain, "mesh.test");
    assert.deepEqual(svid.bundle.certificates.map((one) => one.pem().trim()), [bench.authority.rootPem.trim()]);
  });

  it("rotates on the open stream", async () => {
    await using bench = await Bench.open();
    const before = await bench.fingerprint();
    await bench.issuer.rotate();
    assert.notEqual(await bench.fingerprint(), before);
  });

  it("renews by itself at half the life, again and again", async () => {
    await using bench = await Bench.open();
    const seen = new Set([await bench.fingerprint()]);
    for (let turn = 0; turn < 3; turn += 1) {
      await bench.clock.asleep(hour / 2);
      bench.clock.jump(hour / 2);
      seen.add(await bench.fingerprint());
    }
    assert.equal(seen.size, 4);
  });

  it("gives one whose life is over", async () => {
    await using bench = await Bench.open();
    await bench.context();
    await bench.issuer.misbehave("expired");
    assert.equal(await bench.trouble(), "SVID_EXPIRED");
  });

  it("issues by a wrong clock: not valid yet, and over before its time", async () => {
    await using bench = await Bench.open();
    const now = bench.clock.now().getTime();
    await bench.context();
    await bench.issuer.setSkew(300_000);
    const early = (await bench.context()).svids[0];
    assert.ok(early !== undefined && early.notBefore.getTime() > now);
    await bench.issuer.setSkew(-300_000);
    const late = (await bench.context()).svids[0];
    assert.ok(late !== undefined && late.expiresAt.getTime() < now + hour);
  });

  it("gives another id", async () => {
    await using bench = await Bench.open();
    await bench.context();
    await bench.issuer.misbehave("wrong-id");
    const context = await bench.context();
    assert.throws(() => selectSvid(context, identity), (error) => isMeshError(error, "SVID_OTHER_ID"));
  });

  it("gives one that no root of the bundle signed", async () => {
    await using bench = await Bench.open();
    await bench.context();
    await bench.issuer.misbehave("wrong-chain");
    const { chain, bundle } = selectSvid(await bench.context(), identity);
    const [issuer, root] = [chain[1], bundle.certificates[0]].map((one) => new X509Certificate(one?.pem() ?? ""));
    assert.ok(issuer !== undefined && root !== undefined);
    // The names fit, the signature does not: as after a mix-up of two authorities of one name.
    assert.deepEqual({ name: issuer.issuer === root.subject, signature: issuer.verify(root.publicKey) }, { name: true, signature: false });
  });

  it("says that there is no entry, and gives one when there is", async () => {
    await using bench = await Bench.open();
    await bench.context();
    await bench.issuer.misbehave("no-entry");
    assert.equal(await bench.trouble(), "SPIRE_NO_ENTRY");
    await bench.issuer.misbehave("good");
    assert.equal(selectSvid(await bench.context(), identity).id, identity);
  });

  it("is silent to who asks, and speaks to the same stream when told", async () => {
    await using bench = await Bench.open();
    await bench.issuer.misbehave("silent");
    const waiting = bench.context();
    const early = await Promise.race([waiting.then(() => "answered"), pause(100).then(() => "silent")]);
    assert.equal(early, "silent");
    await bench.issuer.misbehave("good");
    assert.equal((await waiting).svids.length, 1);
  });

  it("keeps silent although an SVID was being made when it was told to", async () => {
    await using bench = await Bench.open();
    await bench.fingerprint();
    await Promise.all([bench.issuer.rotate(), bench.issuer.misbehave("silent")]);
    const waiting = bench.context();
    const early = await Promise.race([waiting.then(() => "answered"), pause(100).then(() => "silent")]);
    assert.equal(early, "silent");
    await bench.issuer.misbehave("good");
    await waiting;
  });

  it("adds a root to the bundle and takes it away again, and the identity stays good", async () => {
    await using bench = await Bench.open();
    const one = selectSvid(await bench.context(), identity).bundle.fingerprint;
    await bench.issuer.addRoot();
    const grown = selectSvid(await bench.context(), identity).bundle;
    await bench.issuer.dropRoots();
    const again = selectSvid(await bench.context(), identity).bundle.fingerprint;
    assert.deepEqual({ roots: grown.certificates.length, changed: grown.fingerprint !== one, again: again === one }, { roots: 2, changed: true, again: true });
  });

  it("cuts the stream and serves the next", async () => {
    await using bench = await Bench.open();
    const before = await bench.fingerprint();
    bench.issuer.cut();
    assert.match(await bench.trouble(), /^SPIRE_/u);
    assert.equal(await bench.fingerprint(), before);
  });

  it("refuses as an agent that is gone, and comes back on the same path", async () => {
    await using bench = await Bench.open();
    await bench.context();
    await bench.issuer.close();
    assert.match(await bench.trouble(), /^SPIRE_/u);
    await assert.rejects(once(connect(bench.socketPath), "connect"));
    await bench.issuer.open();
    await bench.issuer.open();
    for (;;) if ((await bench.next()).kind === "context") return;
  });

  it("answers late when it is slow", async () => {
    await using bench = await Bench.open();
    bench.issuer.slow(200);
    const began = performance.now();
    await bench.context();
    assert.ok(performance.now() - began >= 195);
  });

  it("leaves no timer and no socket behind", async () => {
    let left: Bench | undefined;
    {
      await using bench = await Bench.open();
      left = bench;
      await bench.context();
    }
    assert.equal(left.clock.idle, true);
    await assert.rejects(once(connect(left.socketPath), "connect"), { code: "ENOENT" });
  });
});

function pause(milliseconds: number): Promise<void> {
  return systemClock.sleep(milliseconds, new AbortController().signal);
}
