import assert from "node:assert/strict";
import { request, createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { openAdminServer } from "../../src/harness/admin-server.ts";
import { readMetricsText } from "../../src/harness/harness-metrics.ts";
import { parseStatus } from "../../src/harness/status-schema.ts";
import type { Status } from "../../src/harness/status.ts";
import { anyStatus } from "../support/status.ts";

interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly host?: string;
}

async function ask(port: number, { method = "GET", path, headers = {}, body = "", host = "127.0.0.1" }: Question): Promise<{ readonly code: number | undefined; readonly text: string }> {
  const asking = request({ host, port, method, path, headers, agent: false }).end(body);
  const [response] = await once(asking, "response") as [AsyncIterable<Buffer> & { readonly statusCode?: number }];
  let text = "";
  for await (const part of response) text += String(part);
  return { code: response.statusCode, text };
}

async function open(status: Status, host = "127.0.0.1"): Promise<{ readonly server: AsyncDisposable & { readonly port: number }; readonly wants: string[] }> {
  const wants: string[] = [];
  const server = await openAdminServer({ host, port: 0 }, { status: () => status, metrics: () => readMetricsText(status), redirect: (want) => wants.push(want), leave: async () => (wants.push("leave"), { noticed: 5 }), isAdministrator: (key) => key === "Bearer right" });
  return { server, wants };
}

const off = { method: "POST", path: "/redirect", body: '{"want":"off"}' };

describe("the harness's admin port", () => {
  it("is live, and ready only when the status is", async () => {
    const good = await open(anyStatus({}));
    assert.deepEqual(await ask(good.server.port, { path: "/live" }), { code: 200, text: "live\n" });
    assert.deepEqual(await ask(good.server.port, { path: "/ready?x=1" }), { code: 200, text: "ready\n" });
    await good.server[Symbol.asyncDispose]();
    const bad = await open(anyStatus({ ready: false, reason: "proxy: it is starting", state: "startingProxy" }));
    const { code, text } = await ask(bad.server.port, { path: "/ready" });
    assert.deepEqual([code, JSON.parse(text)], [503, { reason: "proxy: it is starting", state: "startingProxy" }]);
    await bad.server[Symbol.asyncDispose]();
  });

  it("shows the status by its schema, and metrics", async () => {
    const { server } = await open(anyStatus({}));
    assert.deepEqual(parseStatus(JSON.parse((await ask(server.port, { path: "/status" })).text)), anyStatus({}));
    const { text } = await ask(server.port, { path: "/metrics" });
    assert.match(text, /^linkerd_mesh_ready 1$/mu);
    assert.match(text, /^linkerd_mesh_state\{state="serving"\} 1$/mu);
    assert.match(text, /^linkerd_mesh_part_good\{part="redirect"\} 1$/mu);
    await server[Symbol.asyncDispose]();
  });

  it("knows nothing else", async () => {
    const { server } = await open(anyStatus({}));
    assert.deepEqual(await Promise.all([{ path: "/" }, { path: "/status", method: "POST" }, { path: "/redirect", method: "PUT" }].map(async (question) => (await ask(server.port, question)).code)), [404, 405, 405]);
    await server[Symbol.asyncDispose]();
  });

  it("switches the redirect for this machine only, and not for its browsers", async () => {
    const { server, wants } = await open(anyStatus({}), "0.0.0.0");
    assert.equal((await ask(server.port, off)).code, 200);
    assert.equal((await ask(server.port, { ...off, headers: { host: `localhost:${server.port}` } })).code, 200);
    assert.deepEqual(wants, ["off", "off"]);
    assert.equal((await ask(server.port, { ...off, headers: { host: "evil.example" } })).code, 403);
    assert.equal((await ask(server.port, { ...off, headers: { origin: "http://127.0.0.1" } })).code, 403);
    const outside = Object.values(networkInterfaces()).flat().find((address) => address?.family === "IPv4" && !address.internal)?.address;
    if (outside !== undefined) assert.equal((await ask(server.port, { ...off, host: outside })).code, 403);
    assert.deepEqual(wants, ["off", "off"]);
    await server[Symbol.asyncDispose]();
  });

  for (const body of ["", "{", "[]", "null", '{"want":"maybe"}', `{"want":"on","x":"${"y".repeat(2000)}"}`]) {
    it(`refuses the order ${body.slice(0, 20)}`, async () => {
      const { server, wants } = await open(anyStatus({}));
      assert.equal((await ask(server.port, { ...off, body })).code, 400);
      assert.deepEqual(wants, []);
      await server[Symbol.asyncDispose]();
    });
  }

  it("lets the machine leave by its own word only, and tells how that went", async () => {
    const { server, wants } = await open(anyStatus({}));
    const headers = { authorization: "Bearer right" };
    assert.deepEqual(await ask(server.port, { method: "POST", path: "/leave", headers }), { code: 200, text: '{"noticed":5}\n' });
    assert.equal((await ask(server.port, { path: "/leave" })).code, 405);
    assert.equal((await ask(server.port, { method: "POST", path: "/leave", headers: { ...headers, origin: "http://evil.test" } })).code, 403);
    assert.equal((await ask(server.port, { method: "POST", path: "/leave", headers: { authorization: "Bearer wrong" } })).code, 403);
    assert.deepEqual(wants, ["leave"]);
    await server[Symbol.asyncDispose]();
  });

  it("says when its port is taken, and ends with connections open", async () => {
    const thief = createServer().listen(0, "127.0.0.1");
    await once(thief, "listening");
    const actions = { status: () => anyStatus({}), metrics: () => Promise.resolve(""), redirect: () => undefined, leave: async () => ({ noticed: 0 }), isAdministrator: () => false };
    await assert.rejects(openAdminServer({ host: "127.0.0.1", port: (thief.address() as AddressInfo).port }, actions), { code: "PORT_TAKEN", target: "HARNESS_ADMIN_PORT" });
    thief.close();
  });
});
