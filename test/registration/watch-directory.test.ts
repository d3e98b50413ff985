import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { WorkloadEntry } from "../../src/registration/directory.ts";
import { readGroups } from "../../src/registration/open-directory.ts";
import { watchDirectory } from "../../src/registration/watch-directory.ts";
import { systemClock } from "../../src/platform/node/clock.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { findPort } from "../support/find-port.ts";
import { waitUntil } from "../support/wait-until.ts";

function entry(name: string, ready = true): WorkloadEntry {
  return {
    namespace: "shop", name, uid: "u", group: "orders", identity: "spiffe://mesh.test/vm", serverName: `${name}.shop.external.identity.linkerd.cluster.local`, instanceId: "i",
    addresses: ["10.0.0.2"], inboundPort: 4143, ports: [], labels: {}, createdAt: "2026-01-01T00:00:00Z", ready, reason: "Ready", message: "", lease: { state: "live" },
    machine: { os: "linux", hostname: "vm", zone: "", harnessVersion: "1", proxyVersion: "2" },
  };
}

const synced = JSON.stringify({ event: "synced" });

function line(event: "added" | "modified" | "deleted", workload: WorkloadEntry): string {
  return JSON.stringify({ event, workload });
}

/** A service whose watches the test writes by hand, and somebody who follows it. */
class Bench implements AsyncDisposable {
  readonly log = new RememberingLog();
  readonly port: number;
  readonly asked: string[] = [];
  readonly #stop = new AbortController();
  readonly #entries: AsyncGenerator<readonly WorkloadEntry[], void, void>;
  #server: Server | undefined;
  #waiting = Promise.withResolvers<ServerResponse>();

  private constructor(port: number) {
    this.port = port;
    this.#entries = watchDirectory({ address: { host: "127.0.0.1", port }, clock: systemClock, log: this.log, random: () => 0 }, this.#stop.signal);
  }

  static async open(): Promise<Bench> {
    const bench = new Bench(await findPort());
    await bench.start();
    return bench;
  }

  async start(): Promise<void> {
    this.#server = createServer((asked, response) => {
      this.asked.push(asked.url ?? "");
      response.writeHead(200);
      this.#waiting.resolve(response);
    }).listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** The next watch that was asked for. */
  async watch(): Promise<ServerResponse> {
    const response = await this.#waiting.promise;
    this.#waiting = Promise.withResolvers();
    return response;
  }

  async kill(): Promise<void> {
    const closed = once(this.#server as Server, "close");
    this.#server?.close();
    this.#server?.closeAllConnections();
    await closed;
  }

  /** What the follower sees next, by name and readiness. */
  async next(): Promise<readonly string[]> {
    const { value } = await this.#entries.next();
    return (value ?? []).map(({ name, ready }) => `${name} ${ready ? "ready" : "not ready"}`);
  }

  async end(): Promise<boolean> {
    this.#stop.abort();
    return (await this.#entries.next()).done === true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.kill();
  }
}

describe("registration: watchDirectory", () => {
  it("shows nothing before everything was told, then every change", async () => {
    await using bench = await Bench.open();
    const first = bench.next();
    const watch = await bench.watch();
    watch.write(`${line("added", entry("a", false))}\n${line("added", entry("b"))}\n${synced}\n`);
    assert.deepEqual(await first, ["a not ready", "b ready"]);
    watch.write(`${line("modified", entry("a"))}\n${line("deleted", entry("b"))}\n`);
    assert.deepEqual(await bench.next(), ["a ready", "b ready"]);
    assert.deepEqual(await bench.next(), ["a ready"]);
    assert.deepEqual(bench.asked, ["/v1/workloads?watch=true"]);
  });

  it("comes back to a service that was killed and started again, and forgets what is gone by then", async () => {
    await using bench = await Bench.open();
    const first = bench.next();
    (await bench.watch()).write(`${line("added", entry("a"))}\n${line("added", entry("b"))}\n${synced}\n`);
    assert.deepEqual(await first, ["a ready", "b ready"]);
    const second = bench.next();
    await bench.kill();
    await waitUntil(() => bench.log.lines.length, (count) => count > 0);
    await bench.start();
    (await bench.watch()).write(`${line("added", entry("b"))}\n${synced}\n`);
    assert.deepEqual(await second, ["b ready"]);
    assert.equal(bench.log.lines.filter(({ level }) => level === "warn").length, 1);
  });

  for (const [what, garbage] of [
    ["what is no JSON", "{\n"], ["what is no event", '{"event":"exploded"}\n'], ["a workload without a name", '{"event":"added","workload":{}}\n'],
    ["a line without end", "x".repeat(1_100_000)], ["an empty line", "\n"],
  ] as const) {
    it(`believes nothing of a service that tells ${what}, and asks again`, async () => {
      await using bench = await Bench.open();
      const first = bench.next();
      (await bench.watch()).write(`${line("added", entry("a"))}\n${garbage}`);
      (await bench.watch()).write(`${line("added", entry("b"))}\n${synced}\n`);
      assert.deepEqual(await first, ["b ready"]);
    });
  }

  it("ends with its signal, in the middle of a watch and between two", async () => {
    await using bench = await Bench.open();
    const first = bench.next();
    (await bench.watch()).write(`${synced}\n`);
    assert.deepEqual(await first, []);
    assert.equal(await bench.end(), true);
  });
});

describe("registration: readGroups", () => {
  it("says what a service answered that has no list", async () => {
    const server = createServer((_asked, response) => response.writeHead(503).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { readonly port: number };
    await assert.rejects(readGroups({ host: "127.0.0.1", port }, AbortSignal.timeout(5000)), /status 503/u);
    server.close();
    await once(server, "close");
  });
});
