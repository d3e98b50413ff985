import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { openAdminServer, type AdminServer } from "../../src/autoregistration/admin-server.ts";
import { readText } from "../../src/base/read-text.ts";
import { groupsSchema, workloadEventSchema, workloadsSchema, type WorkloadEntry, type WorkloadEvent } from "../../src/registration/directory.ts";
import { waitUntil } from "../support/wait-until.ts";
import { DirectoryLab } from "./directory-lab.ts";

interface Question {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask({ address }: AdminServer, { path, method = "GET", headers = {}, body = "" }: Question): Promise<{ readonly code: number | undefined; readonly text: string; readonly type: string | undefined; readonly allow: string | undefined }> {
  const asking = request({ ...address, method, path, headers, agent: false }).end(body);
  const [response] = await once(asking, "response") as [AsyncIterable<Buffer> & { readonly statusCode?: number; readonly headers: Readonly<Record<string, string>> }];
  return { code: response.statusCode, text: await readText(response), type: response.headers["content-type"], allow: response.headers["allow"] };
}

/** Reads a watch line by line. */
async function* follow({ address }: AdminServer): AsyncGenerator<string, void, void> {
  const response = await fetch(`http://${address.host}:${address.port}/v1/workloads?watch=true`);
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  let rest = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield renderEvent(workloadEventSchema.parse(JSON.parse(line)));
  }
}

function renderEvent(event: WorkloadEvent): string {
  return event.event === "synced" ? "synced" : `${event.event} ${event.workload.name} ${event.workload.reason} ${event.workload.lease.state}`;
}

async function take(lines: AsyncGenerator<string, void, void>, count: number): Promise<readonly string[]> {
  const taken: string[] = [];
  while (taken.length < count) taken.push((await lines.next()).value ?? "end");
  return taken;
}

describe("the registration service's admin address", () => {
  it("is healthy, and ready only when the service says so", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    assert.deepEqual((await ask(server, { path: "/healthz" })).code, 200);
    assert.equal((await ask(server, { path: "/readyz" })).code, 200);
    lab.readiness = { ready: false, reason: "no identity", problems: [{ code: "SPIRE_AWAY", what: "nobody answers", remedy: "start it" }] };
    const { code, text } = await ask(server, { path: "/readyz?verbose" });
    assert.deepEqual([code, JSON.parse(text)], [503, lab.readiness]);
  });

  it("shows metrics, groups and workloads by their schemas", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    await lab.add("orders-1");
    await lab.add("orders-0", { ready: false });
    await waitUntil(() => lab.fleet.snapshot().workloads.filter(({ value }) => value.condition !== undefined).length, (count) => count === 2);
    assert.deepEqual(await ask(server, { path: "/metrics" }), { code: 200, text: "up 1\n", type: "text/plain; version=0.0.4; charset=utf-8", allow: undefined });
    const { groups } = groupsSchema.parse(JSON.parse((await ask(server, { path: "/v1/groups" })).text));
    assert.deepEqual(groups.map(({ name, machines }) => [name, machines]), [["orders", { total: 2, ready: 1 }]]);
    const { workloads } = workloadsSchema.parse(JSON.parse((await ask(server, { path: "/v1/workloads" })).text));
    assert.deepEqual(workloads.map(({ name }) => name), ["orders-0", "orders-1"]);
  });

  it("lists thousands in one valid object, and an empty one", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    assert.deepEqual(JSON.parse((await ask(server, { path: "/v1/workloads" })).text), { workloads: [] });
    for (let index = 0; index < 3000; index++) await lab.add(`m${index}`);
    await waitUntil(() => lab.fleet.workload({ namespace: "shop", name: "m2999" })?.value.condition?.ready, (ready) => ready === true);
    assert.equal(workloadsSchema.parse(JSON.parse((await ask(server, { path: "/v1/workloads?watch=false" })).text)).workloads.length, 3000);
  });

  it("lists nothing before what is stored has been read", async () => {
    await using lab = new DirectoryLab();
    await using server = await lab.serve();
    const paths = ["/healthz", "/v1/groups", "/v1/workloads", "/v1/workloads?watch=true"];
    assert.deepEqual(await Promise.all(paths.map(async (path) => (await ask(server, { path })).code)), [200, 503, 503, 503]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = new AbortController();
    const following = lab.fleet.follow(lab.store, resolve, stop.signal);
    await promise;
    assert.deepEqual(await Promise.all(paths.slice(0, 3).map(async (path) => (await ask(server, { path })).code)), [200, 200, 200]);
    stop.abort();
    await following;
  });

  it("knows nothing else, and changes nothing", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    const code = async (question: Question): Promise<unknown> => {
      const answer = await ask(server, question);
      assert.equal(answer.type, "application/json");
      assert.equal(typeof (JSON.parse(answer.text) as { error: unknown }).error, "string");
      return answer.code;
    };
    assert.deepEqual(await Promise.all(["/", "/v1", "/v1/groups/", "/__proto__", "/constructor", "//healthz", "/v1/%2e%2e/healthz"].map((path) => code({ path }))), [404, 404, 404, 404, 404, 404, 404]);
    assert.deepEqual(await Promise.all(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"].map((method) => code({ path: "/v1/workloads", method, headers: { "content-length": "2" }, body: "{}" }))), [405, 405, 405, 405, 405]);
    assert.equal((await ask(server, { path: "/healthz", method: "POST" })).allow, "GET, HEAD");
    assert.equal(await code({ path: "/v1/groups", headers: { "content-length": "2" }, body: "{}" }), 413);
    assert.equal(await code({ path: "/v1/workloads?watch=perhaps" }), 400);
  });

  it("answers HEAD without a body", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    const answers = await Promise.all(["/healthz", "/v1/groups", "/v1/workloads", "/v1/workloads?watch=true"].map((path) => ask(server, { path, method: "HEAD" })));
    assert.deepEqual(answers.map(({ code, text }) => [code, text]), [[200, ""], [200, ""], [200, ""], [200, ""]]);
  });

  it("says what went wrong in a list", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await openAdminServer({ host: "127.0.0.1", port: 0 }, { ...lab.sources, listGroups: () => assert.fail("broken") });
    assert.deepEqual((await ask(server, { path: "/v1/groups" })).code, 500);
    assert.deepEqual((await ask(server, { path: "/healthz" })).code, 200);
  });

  it("says when its port is taken", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    await assert.rejects(lab.serve(server.address.port), { code: "PORT_TAKEN", target: "ADMIN_ADDRESS" });
  });

  it("drops who sends no request in time, or too large a one", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    const large = connect(server.address.port, server.address.host);
    large.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(10_000)}\r\n\r\n`);
    assert.match(await readText(large), /^HTTP\/1.1 431 /u);
  });
});

describe("the watch of workloads", () => {
  it("tells what is there, then what changes, and ends when the server does", async () => {
    await using lab = await DirectoryLab.open();
    const server = await lab.serve();
    await lab.add("orders-1");
    await waitUntil(() => lab.fleet.workload({ namespace: "shop", name: "orders-1" })?.value.condition?.ready, (ready) => ready === true);
    const lines = follow(server);
    assert.deepEqual(await take(lines, 2), ["added orders-1 Ready live", "synced"]);
    await lab.setReady("orders-1", false);
    assert.deepEqual(await take(lines, 1), ["modified orders-1 NotReady live"]);
    await lab.renew("orders-1", { drainingSince: lab.now });
    assert.deepEqual(await take(lines, 1), ["modified orders-1 NotReady draining"]);
    await lab.remove("orders-1");
    assert.deepEqual(await take(lines, 1), ["deleted orders-1 NotReady draining"]);
    const ended = lines.next();
    await server[Symbol.asyncDispose]();
    assert.deepEqual(await ended, { done: true, value: undefined });
  });

  it("is one of a bounded number", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    const watches = Array.from({ length: 32 }, () => follow(server));
    assert.deepEqual(await Promise.all(watches.map(async (watch) => (await watch.next()).value)), watches.map(() => "synced"));
    assert.equal((await ask(server, { path: "/v1/workloads?watch=true" })).code, 503);
    await watches[0]?.return();
    await waitUntil(async () => (await ask(server, { path: "/v1/workloads?watch=true", method: "HEAD" })).code, (code) => code === 200);
  });

  it("holds nothing for a reader that reads nothing, and lets the server end", async () => {
    await using lab = await DirectoryLab.open();
    const entry = await sample(lab);
    let [given, ended] = [0, false];
    async function* endless(): AsyncGenerator<WorkloadEvent, void, void> {
      using _end = { [Symbol.dispose]: () => void (ended = true) };
      for (;;) {
        given += 1;
        yield await Promise.resolve({ event: "modified", workload: entry } as const);
      }
    }
    const server = await openAdminServer({ host: "127.0.0.1", port: 0 }, { ...lab.sources, watchWorkloads: endless });
    const reader = await openDeaf(server);
    const settled = await waitUntil(() => stable(() => given), (count) => count > 0);
    // What the kernel buffers between two sockets of one machine, in events, and not what was produced for ever.
    assert.ok(settled < 50_000, `${settled} events taken from the source`);
    assert.equal(ended, false);
    await server[Symbol.asyncDispose]();
    assert.equal(ended, true);
    reader.destroy();
  });

  for (const path of ["/v1/workloads", "/v1/workloads?watch=true"]) {
    it(`drops a reader of ${path} that takes nothing`, async () => {
      await using lab = await DirectoryLab.open();
      const entry = await sample(lab);
      let ended = 0;
      function* endless(): Generator<WorkloadEntry, void, void> {
        using _end = { [Symbol.dispose]: () => void (ended += 1) };
        for (;;) yield entry;
      }
      async function* watch(): AsyncGenerator<WorkloadEvent, void, void> {
        for (const workload of endless()) yield await Promise.resolve({ event: "modified", workload } as const);
      }
      await using server = await openAdminServer({ host: "127.0.0.1", port: 0 }, { ...lab.sources, listWorkloads: endless, watchWorkloads: watch }, 50);
      const reader = await openDeaf(server, path);
      await waitUntil(() => ended, (count) => count === 1);
      assert.equal((await ask(server, { path: "/healthz" })).code, 200);
      reader.destroy();
    });
  }
});

async function sample(lab: DirectoryLab): Promise<WorkloadEntry> {
  await lab.add("sample");
  return waitUntil(() => [...lab.sources.listWorkloads()][0], (entry) => entry?.ready === true) as Promise<WorkloadEntry>;
}

async function openDeaf({ address }: AdminServer, path = "/v1/workloads?watch=true"): Promise<Socket> {
  const reader = connect(address.port, address.host);
  reader.pause();
  reader.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(reader, "connect");
  return reader;
}

// The count when two looks in a row see the same, else nothing.
let last = -1;
function stable(look: () => number): number {
  const [before, seen] = [last, look()];
  last = seen;
  return before === seen ? seen : 0;
}
