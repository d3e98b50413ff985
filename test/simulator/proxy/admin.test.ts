import assert from "node:assert/strict";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { isMeshError } from "../../../src/model/errors.ts";
import { openProxyAdmin, renderProxyMetrics, type AdminFacts } from "../../../src/simulator/proxy/admin.ts";
import { findPort } from "../../support/find-port.ts";

describe("admin port of the small proxy", () => {
  const stack = new AsyncDisposableStack();
  const state = { ready: false, shutdowns: 0, enabled: true };
  let port: number;

  const facts: AdminFacts = {
    version: '2.366.0"x', startedAt: 1000,
    get shutdownEnabled() {
      return state.enabled;
    },
    ready: () => state.ready,
    certificate: () => (state.ready ? { expires: 2000, refreshes: 3 } : undefined),
    connections: () => ({ inbound: 4, outbound: 5 }),
    shutdown: () => void (state.shutdowns += 1),
  };

  before(async () => {
    port = await findPort();
    stack.use(await openProxyAdmin({ ip: "127.0.0.1", port }, facts));
  });

  after(() => stack.disposeAsync());

  // As linkerd2-proxy v2.366.0 answered, asked by hand; docs/compatibility.md has the whole comparison.
  const answers: readonly [method: string, path: string, status: number, body: string][] = [
    ["GET", "/live", 200, "live\n"], ["POST", "/live", 200, "live\n"], ["GET", "/live?x", 200, "live\n"], ["HEAD", "/live", 200, ""],
    ["GET", "/ready", 503, "not ready\n"], ["POST", "/ready", 503, "not ready\n"],
    ["GET", "/nothing", 404, ""], ["GET", "/shutdown", 405, ""], ["PUT", "/shutdown", 405, ""],
  ];
  for (const [method, path, status, body] of answers) {
    it(`answers ${method} ${path} with ${status}`, async () => assert.deepEqual(await ask(method, path), { status, body }));
  }

  it("becomes ready", async () => {
    state.ready = true;
    assert.deepEqual(await ask("GET", "/ready"), { status: 200, body: "ready\n" });
  });

  it("shuts down when that is enabled, and says so otherwise", async () => {
    assert.deepEqual([await ask("POST", "/shutdown"), state.shutdowns], [{ status: 200, body: "shutdown\n" }, 1]);
    state.enabled = false;
    assert.deepEqual([await ask("POST", "/shutdown"), state.shutdowns], [{ status: 404, body: "shutdown endpoint is not enabled\n" }, 1]);
    assert.equal((await ask("GET", "/shutdown")).status, 405);
  });

  it("tells its metrics under linkerd2-proxy's names, each with help and type", () => {
    const text = renderProxyMetrics(facts);
    for (const line of [
      "control_identity_cert_expiration_timestamp_seconds 2000", 'control_identity_cert_refreshes_total{result="ok"} 3', "process_start_time_seconds 1000",
      'tcp_open_total{direction="inbound"} 4', 'tcp_open_total{direction="outbound"} 5', String.raw`proxy_build_info{vendor="linkerd-mesh",version="2.366.0\"x"} 1`,
      "# TYPE control_identity_cert_refreshes counter", "# TYPE process_start_time_seconds gauge",
    ]) assert.ok(text.includes(`${line}\n`), line);
    assert.ok(text.endsWith("# EOF\n"));
    assert.match(renderProxyMetrics({ ...facts, certificate: () => undefined }), /expiration_timestamp_seconds 0\n/);
  });

  it("says which port is in use", async () => {
    await assert.rejects(openProxyAdmin({ ip: "127.0.0.1", port }, facts), (error) => isMeshError(error, "SMALL_PROXY_START") && error.target === `127.0.0.1:${port}`);
  });

  it("takes connections and says nothing when it hangs, and closes all the same", async () => {
    const other = await findPort();
    const hanging = await openProxyAdmin({ ip: "127.0.0.1", port: other }, undefined);
    const asking = request({ host: "127.0.0.1", port: other, path: "/live" });
    const outcome = new Promise<string>((resolve) => asking.once("response", () => resolve("it answered")).once("error", () => resolve("cut")));
    asking.end();
    await new Promise((resolve) => asking.once("socket", (socket) => socket.once("connect", resolve)));
    assert.equal((asking.socket?.address() as AddressInfo).address, "127.0.0.1");
    await hanging[Symbol.asyncDispose]();
    assert.equal(await outcome, "cut");
  });

  async function ask(method: string, path: string): Promise<{ status: number; body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    request({ host: "127.0.0.1", port, path, method, agent: false }, (response) => {
      let body = "";
      response.on("data", (part) => (body += String(part))).once("end", () => resolve({ status: response.statusCode ?? 0, body }));
    }).once("error", reject).end();
    return promise;
  }
});
