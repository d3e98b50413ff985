import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeRegistry } from "../../fakes/registry.ts";
import { runInProcess } from "../in-process.ts";
import { createFakeHost, type FakeMachine } from "../fake-host.ts";

const configPath = "/etc/linkerd-mesh/config.yaml";
const settings = ["registration: static", "inboundNetworkAddress: 192.0.2.7", "workloadName: orders", "workloadNamespace: shop", "workloadServerName: orders.shop"];
const good = { good: true, detail: "" };
const status = {
  state: "serving", since: "2030-01-02T03:04:05.000Z", ready: true, version: "1.2.3", instance: { id: "i", epoch: 1 },
  identity: good, registration: good, proxy: good, application: good, controlPlane: good,
  redirect: { ...good, wanted: "redirect", inForce: "redirect", operator: "on", drift: [] },
};

describe("linkerd-mesh without a command", () => {
  it("says that a machine without settings is not set up", async () => {
    await using harness = await listen((_, response) => response.end(), { closed: true });
    const { state, parts } = await overview(harness.port, {});
    assert.equal(state, "unconfigured");
    assert.equal(partOf(parts, "settings").good, false);
    assert.equal(partOf(parts, "harness").detail, `nothing answers at 127.0.0.1:${harness.port}`);
  });

  it("sees socket, program and account of a machine that is set up", async () => {
    await using harness = await listen((_, response) => response.end(), { closed: true });
    const found = { "/run/spire.sock": { kind: "socket" }, "/usr/lib/proxy": { executable: true } } as const;
    const lines = [...settings, "spireSocketAddr: unix:///run/spire.sock", "proxyPath: /usr/lib/proxy"];
    const { state, parts } = await overview(harness.port, { found, texts: { [configPath]: lines.join("\n") } });
    assert.equal(state, "stopped");
    assert.deepEqual(parts.filter((part) => !part.good).map(({ part }) => part), ["harness"]);
  });

  it("looks for a Windows machine's settings in the registry", async () => {
    await using harness = await listen((_, response) => response.end(), { closed: true });
    const registry = new FakeRegistry("HKLM\\X");
    const { state, parts } = await overview(harness.port, { registry });
    assert.deepEqual([state, partOf(parts, "settings").detail], ["unconfigured", "HKLM\\X does not exist; 3 problems"]);
    registry.values = { Registration: "static", InboundNetworkAddress: "192.0.2.7", WorkloadName: "orders", WorkloadNamespace: "shop", WorkloadServerName: "orders.shop" };
    assert.deepEqual(partOf((await overview(harness.port, { registry })).parts, "settings"), { part: "settings", good: true, detail: "HKLM\\X" });
  });

  it("believes a harness that answers", async () => {
    await using harness = await listen((_, response) => response.end(JSON.stringify(status)));
    assert.equal((await overview(harness.port, {})).state, "serving");
  });

  it("tells a harness that is not ready from one that is", async () => {
    await using harness = await listen((_, response) => response.end(JSON.stringify({ ...status, state: "waitIdentity", ready: false })));
    assert.equal((await overview(harness.port, {})).state, "joining");
  });

  for (const [what, answer] of [["no JSON", "<html>"], ["another object", "{}"]] as const) {
    it(`takes ${what} for a stranger on the harness's port`, async () => {
      await using harness = await listen((_, response) => response.end(answer));
      assert.equal((await overview(harness.port, {})).state, "port-taken");
    });
  }

  it("stops when it is asked to, though the port does not answer", async () => {
    const stop = new AbortController();
    await using harness = await listen(() => stop.abort(new DOMException("stopped", "AbortError")));
    const ran = await runInProcess(["--harness-admin-port", String(harness.port)], { signal: stop.signal });
    assert.deepEqual([ran.code, ran.stdout], [3, ""]);
  });
});

interface Seen {
  readonly state: string;
  readonly parts: readonly { readonly part: string; readonly good: boolean; readonly detail: string }[];
}

async function overview(port: number, machine: FakeMachine): Promise<Seen> {
  const ran = await runInProcess(["--output", "json", "--harness-admin-port", String(port)], { host: (log) => createFakeHost({ ...machine, log }) });
  assert.deepEqual([ran.code, ran.stderr], [0, ""]);
  return JSON.parse(ran.stdout) as Seen;
}

function partOf(parts: Seen["parts"], name: string): Seen["parts"][number] {
  const found = parts.find(({ part }) => part === name);
  assert.ok(found !== undefined);
  return found;
}

async function listen(answer: RequestListener, { closed = false } = {}): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  if (closed) await close();
  return { port, [Symbol.asyncDispose]: close };
}
