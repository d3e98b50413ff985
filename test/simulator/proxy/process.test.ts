import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Log } from "../../../src/platform/host.ts";
import { systemClock } from "../../../src/platform/node/clock.ts";
import { Authority } from "../../../src/simulator/issuer/authority.ts";
import { Issuer } from "../../../src/simulator/issuer/issuer.ts";
import { requestPlain } from "../../../src/simulator/plain.ts";
import { findPort } from "../../support/find-port.ts";

const identity = "spiffe://mesh.test/machine";
const serverName = "machine.mesh.test";
const main = new URL("../../../src/main.ts", import.meta.url).pathname;

describe("small proxy as a process", function () {
  this.timeout(20_000);
  const stack = new AsyncDisposableStack();
  let socket: string;
  let rootPem: string;

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), "mp-"));
    stack.defer(() => rm(folder, { recursive: true }));
    const authority = await Authority.create("mesh.test", new Date());
    rootPem = authority.rootPem;
    socket = join(folder, "agent.sock");
    const log: Log = { write: () => undefined, child: () => log };
    stack.use(await Issuer.open({ clock: systemClock, log, socketPath: socket, socketOpened: () => Promise.resolve(), subject: { identity }, ttl: 600_000 }, authority));
  });

  after(() => stack.disposeAsync());

  it("begins, becomes ready, and ends with 0 when its admin port says so", async () => {
    await using proxy = await start();
    await proxy.said(/Certified identity id=spiffe:\/\/mesh\.test\/machine/);
    assert.equal((await proxy.ask("/ready")).status, 200);
    assert.match((await proxy.ask("/metrics")).body, /expiration_timestamp_seconds [1-9]\d+\n/);
    await proxy.post("/shutdown");
    assert.equal(await proxy.exit, 0);
  });

  it("lets open connections finish before a SIGTERM ends it, and no longer than the grace period", async () => {
    for (const leaves of [true, false]) {
      await using proxy = await start({ SHUTDOWN_GRACE_PERIOD: leaves ? "1m" : "50ms" });
      await proxy.said(/Certified/);
      const connection = connect(proxy.port, "127.0.0.1").on("error", () => undefined);
      await once(connection, "connect");
      proxy.child.kill("SIGTERM");
      if (leaves) {
        await proxy.refuses();
        assert.equal(proxy.child.exitCode, null);
        connection.destroy();
      }
      assert.equal(await proxy.exit, 0);
      connection.destroy();
    }
  });

  const misbehaviour: readonly [words: readonly string[], ready: number, expires: RegExp][] = [
    [["never-ready=yes"], 503, /expiration_timestamp_seconds 0\n/],
    [["ready-without-certificate=yes"], 200, /expiration_timestamp_seconds 0\n/],
    [["version=2.300.0"], 503, /version="2\.300\.0"/],
  ];
  for (const [words, ready, metrics] of misbehaviour) {
    it(`misbehaves with ${words.join(" ")}`, async () => {
      // A socket that nobody serves: what is ready then is so by misbehaviour.
      await using proxy = await start({ IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: `unix://${socket}.none` }, words);
      assert.equal((await proxy.ask("/ready")).status, ready);
      assert.match((await proxy.ask("/metrics")).body, metrics);
    });
  }

  it("is deaf to its end with ignore-shutdown", async () => {
    await using proxy = await start({}, ["ignore-shutdown=yes"]);
    await proxy.post("/shutdown");
    proxy.child.kill("SIGTERM");
    assert.equal((await proxy.ask("/live")).status, 200);
  });

  it("ends with linkerd2-proxy's codes: 101 after a crash, 64 for a bad environment, 1 without its admin port, 101 without a listener", async () => {
    await using crashing = await start({}, ["crash-after=1"]);
    assert.equal(await crashing.exit, 101);
    await using bad = await start({ POLICY_SVC_ADDR: "" }, [], "end");
    assert.equal(await bad.exit, 64);
    assert.match(bad.lines.join("\n"), /Invalid configuration: LINKERD2_PROXY_POLICY_SVC_ADDR: it is missing/);
    const busy = await findPort();
    await using _server = await occupy(busy);
    await using admin = await start({ ADMIN_LISTEN_ADDR: `127.0.0.1:${busy}` }, [], "end");
    assert.equal(await admin.exit, 1);
    await using inbound = await start({ INBOUND_LISTEN_ADDR: `127.0.0.1:${busy}` }, [], "end");
    assert.equal(await inbound.exit, 101);
  });

  async function start(changes: Readonly<Record<string, string>> = {}, misbehave: readonly string[] = [], until: "live" | "end" = "live"): Promise<Running> {
    const [admin, inbound, outbound] = [await findPort(), await findPort(), await findPort()];
    const environment: Record<string, string> = {
      IDENTITY_SERVER_ID: identity, IDENTITY_SERVER_NAME: serverName, IDENTITY_TRUST_ANCHORS: rootPem, IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: `unix://${socket}`,
      DESTINATION_SVC_ADDR: "127.0.0.1:1", POLICY_SVC_ADDR: "127.0.0.1:1", POLICY_WORKLOAD: "{}",
      INBOUND_LISTEN_ADDR: `127.0.0.1:${inbound}`, OUTBOUND_LISTEN_ADDR: `127.0.0.1:${outbound}`, ADMIN_LISTEN_ADDR: `127.0.0.1:${admin}`,
      SHUTDOWN_ENDPOINT_ENABLED: "true", SHUTDOWN_GRACE_PERIOD: "1s", ...changes,
    };
    const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [`LINKERD2_PROXY_${name}`, value]));
    const child = spawn(process.execPath, [main, "simulate", "proxy", ...misbehave.flatMap((word) => ["--misbehave", word])], { env: { PATH: process.env["PATH"], ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const running = new Running(child, { admin, inbound });
    if (until === "live") await running.said(/Admin interface on/);
    return running;
  }
});

/** A small proxy that runs. */
class Running implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly port: number;
  readonly lines: string[] = [];
  readonly exit: Promise<number | null>;
  readonly #admin: number;
  readonly #heard = new EventTarget();

  constructor(child: ChildProcess, { admin, inbound }: { readonly admin: number; readonly inbound: number }) {
    this.child = child;
    this.port = inbound;
    this.#admin = admin;
    this.exit = new Promise((resolve) => child.once("close", resolve));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#heard.dispatchEvent(new Event("line"));
      });
    }
  }

  async said(what: RegExp): Promise<void> {
    while (!this.lines.some((line) => what.test(line))) await once(this.#heard, "line");
  }

  ask(path: string): ReturnType<typeof requestPlain> {
    return requestPlain(`http://127.0.0.1:${this.#admin}${path}`, AbortSignal.timeout(5000));
  }

  async post(path: string): Promise<void> {
    await fetch(`http://127.0.0.1:${this.#admin}${path}`, { method: "POST", headers: { connection: "close" } });
  }

  /** Resolves once nobody listens for new connections. */
  async refuses(): Promise<void> {
    for (;;) {
      const socket = connect(this.port, "127.0.0.1");
      const outcome = await new Promise<string>((resolve) => socket.once("connect", () => resolve("taken")).once("error", () => resolve("refused")));
      socket.destroy();
      if (outcome === "refused") return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }
}

async function occupy(port: number): Promise<AsyncDisposable> {
  const server: Server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())) };
}
