import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { AdminServer } from "../../../src/autoregistration/admin-server.ts";
import { runCli } from "../../../src/cli/cli.ts";
import { commandTable } from "../../../src/cli/commands/index.ts";
import { workloadEventSchema } from "../../../src/registration/directory.ts";
import { DirectoryLab } from "../../autoregistration/directory-lab.ts";
import { findPort } from "../../support/find-port.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { createImpatientHost } from "./lab.ts";
import { noCrash } from "../in-process.ts";

/** `workload watch` while it runs. */
class Watching implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly ended: Promise<number>;
  readonly #stop = new AbortController();

  constructor({ address }: Pick<AdminServer, "address">, ...words: readonly string[]) {
    const sink = (write: (text: string) => void): { readonly write: (text: string) => void; readonly isTerminal: boolean } => ({ write, isTerminal: false });
    this.ended = runCli({
      words: ["workload", "watch", "--admin-address", `${address.host}:${address.port}`, ...words],
      environment: {},
      stdout: sink((text) => (this.stdout += text)),
      stderr: sink((text) => (this.stderr += text)),
      signal: this.#stop.signal,
      crash: noCrash,
      stopAtInputEnd: () => undefined,
      loadHost: (log) => Promise.resolve(createImpatientHost(log)),
    }, commandTable);
  }

  /** The lines that came, by their first and third column. */
  get lines(): readonly string[] {
    return this.stdout.split("\n").filter((line) => line !== "").map((line) => line.split(/ +/u)).map(([event, , name, , ready, reason]) => `${event} ${name} ${ready} ${reason}`);
  }

  get events(): readonly string[] {
    return this.stdout.split("\n").filter((line) => line !== "").map((line) => workloadEventSchema.parse(JSON.parse(line))).map((event) => (event.event === "synced" ? "synced" : `${event.event} ${event.workload.name} ${event.workload.reason}`));
  }

  see(look: "lines" | "events", count: number): Promise<readonly string[]> {
    return waitUntil(() => this[look], (seen) => seen.length >= count);
  }

  stop(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    assert.equal(await this.ended, 0);
  }
}

async function openWith(names: readonly string[]): Promise<DirectoryLab> {
  const lab = await DirectoryLab.open();
  for (const name of names) await lab.add(name);
  await waitUntil(() => [...lab.sources.listWorkloads()].filter(({ ready, lease }) => ready && lease.state === "live").length, (count) => count === names.length);
  return lab;
}

describe("workload watch", () => {
  it("tells a line of what is there, then of what changes", async () => {
    await using lab = await openWith(["orders-1", "orders-2"]);
    await using server = await lab.serve();
    await using watching = new Watching(server);
    assert.deepEqual(await watching.see("lines", 3), ["EVENT NAME READY REASON", "added orders-1 True Ready", "added orders-2 True Ready"]);
    await lab.setReady("orders-1", false);
    assert.equal((await watching.see("lines", 4)).at(-1), "modified orders-1 False NotReady");
    await lab.remove("orders-2");
    assert.equal((await watching.see("lines", 5)).at(-1), "deleted orders-2 True Ready");
    assert.equal(watching.stderr, "");
    const columns = watching.stdout.split("\n").slice(0, 3).map((line) => line.search(/True|READY/u));
    assert.deepEqual(columns, [columns[0], columns[0], columns[0]]);
  });

  it("tells objects by the schema, of one namespace and group", async () => {
    await using lab = await openWith(["orders-1"]);
    await lab.add("billing-1", { of: { group: "billing" } });
    await using server = await lab.serve();
    await using watching = new Watching(server, "--output", "json", "-n", "shop", "--group", "orders");
    assert.deepEqual(await watching.see("events", 2), ["added orders-1 Ready", "synced"]);
    await lab.setReady("billing-1", false);
    await lab.setReady("orders-1", false);
    assert.equal((await watching.see("events", 3)).at(-1), "modified orders-1 NotReady");
  });

  it("goes on over restarts of the service and tells only what changed in between", async () => {
    await using lab = await openWith(["same", "changed", "gone"]);
    const server = await lab.serve();
    await using watching = new Watching(server, "--output", "json");
    await watching.see("events", 4);
    await server[Symbol.asyncDispose]();
    await waitUntil(() => watching.stderr, (text) => /nobody answers there/u.test(text));
    await lab.setReady("changed", false);
    await lab.remove("gone");
    await lab.add("new");
    await waitUntil(() => [...lab.sources.listWorkloads()].map(({ name, reason }) => `${name} ${reason}`).join(), (text) => text === "changed NotReady,new Ready,same Ready");
    await using _again = await lab.serve(server.address.port);
    const events = (await watching.see("events", 7)).slice(4);
    assert.deepEqual(events, ["modified changed NotReady", "added new Ready", "deleted gone Ready"]);
    assert.match(watching.stderr, /it ended the watch[^]*answers again/u);
  });

  it("is not misled by another program at the address for a while", async () => {
    await using lab = await openWith(["orders-1"]);
    const server = await lab.serve();
    await using watching = new Watching(server, "--output", "json");
    await watching.see("events", 2);
    await server[Symbol.asyncDispose]();
    const stranger = createServer((_request, response) => response.end("<html>")).listen(server.address.port, "127.0.0.1");
    await waitUntil(() => watching.stderr, (text) => /not a registration service/u.test(text));
    stranger.closeAllConnections();
    stranger.close();
    await once(stranger, "close");
    await using _again = await lab.serve(server.address.port);
    await waitUntil(() => watching.stderr, (text) => /answers again/u.test(text));
    assert.deepEqual(watching.events, ["added orders-1 Ready", "synced"]);
  });

  it("gives up at once when nobody ever answered", async () => {
    const watching = new Watching({ address: { host: "127.0.0.1", port: await findPort() } });
    assert.equal(await watching.ended, 3);
    assert.match(watching.stderr, /DIRECTORY_ABSENT/u);
  });

  for (const [what, body] of [["garbage", "garbage\n"], ["a line without an end", "x".repeat(2_000_000)], ["nothing", ""]] as const) {
    it(`gives up at once on ${what}`, async () => {
      const server = createServer((_request, response) => response.writeHead(200, { "content-type": "application/x-ndjson" }).end(body)).listen(0, "127.0.0.1");
      await once(server, "listening");
      const watching = new Watching({ address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port } });
      assert.equal(await watching.ended, 3);
      assert.match(watching.stderr, /DIRECTORY_ABSENT/u);
      server.closeAllConnections();
      server.close();
    });
  }

  it("ends well while it waits for a service that is away", async () => {
    await using lab = await openWith(["orders-1"]);
    const server = await lab.serve();
    const watching = new Watching(server);
    await watching.see("lines", 2);
    await server[Symbol.asyncDispose]();
    await waitUntil(() => watching.stderr, (text) => text.includes("nobody answers"));
    watching.stop();
    assert.equal(await watching.ended, 0);
  });
});
