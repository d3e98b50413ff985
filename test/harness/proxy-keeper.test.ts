import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import type { Event } from "../../src/harness/machine.ts";
import type { ProxyFacts } from "../../src/harness/observations.ts";
import { ProxyKeeper } from "../../src/harness/proxy-keeper.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import type { MeshError } from "../../src/model/errors.ts";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import type { Manners } from "../fakes/proxy.ts";
import { makeProxyProgram, type ProxyProgram } from "../fakes/proxy-program.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { createIssuer, FakeWorkloadApi } from "../fakes/workload-api.ts";
import { waitUntil } from "../support/wait-until.ts";

const id = "spiffe://mesh.test/vm";

/** A keeper of a real process, with all that it told. */
class Kept implements AsyncDisposable {
  readonly log = new RememberingLog();
  readonly events: Event[] = [];
  readonly failures: MeshError[] = [];
  readonly keeper: ProxyKeeper;
  readonly #stack: AsyncDisposableStack;
  readonly #environment: Readonly<Record<string, string>>;
  facts: Partial<ProxyFacts> = {};

  private constructor(parts: { readonly stack: AsyncDisposableStack; readonly program: ProxyProgram; readonly agent: FakeWorkloadApi; readonly ports: readonly number[]; readonly path: string | undefined; readonly patience: number | undefined }) {
    const { stack, program, agent, ports: [inbound = 0, outbound = 0, admin = 0], path, patience = defaultTimings.proxyPatience } = parts;
    const address = `127.0.0.1:${admin}`;
    this.#stack = stack;
    this.#environment = Object.fromEntries(Object.entries({
      IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: agent.address, IDENTITY_SERVER_ID: id, INBOUND_LISTEN_ADDR: `127.0.0.1:${inbound}`,
      OUTBOUND_LISTEN_ADDRS: `127.0.0.1:${outbound}`, ADMIN_LISTEN_ADDR: address,
    }).map(([name, value]) => [`LINKERD2_PROXY_${name}`, value]));
    this.keeper = new ProxyKeeper({
      host: createLinuxHost({ log: this.log, environment: {}, self: { file: process.execPath, args: [] } }),
      path: path ?? program.path, admin: { address, answer: 1000 }, ports: [inbound, outbound, admin],
      timings: { ...defaultTimings, proxyPollStarting: 20, proxyPollServing: 50, proxyPatience: patience },
      post: (event) => this.events.push(event), see: (facts) => { this.facts = { ...this.facts, ...facts }; }, fail: (error) => this.failures.push(error),
    });
  }

  static async of(manners: Manners, { version, path, patience }: { readonly version?: string; readonly path?: string; readonly patience?: number } = {}): Promise<Kept> {
    const stack = new AsyncDisposableStack();
    const program = stack.use(await makeProxyProgram(manners, version));
    const agent = stack.use(await FakeWorkloadApi.create());
    agent.publish(await (await createIssuer()).svid(id));
    const kept = new Kept({ stack, program, agent, ports: await findPorts(3), path, patience });
    await kept.keeper.start(kept.#environment);
    return kept;
  }

  async told(kind: Event["kind"]): Promise<Event> {
    const found = await waitUntil(() => this.events.find((event) => event.kind === kind), (event) => event !== undefined);
    assert.ok(found !== undefined);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }
}

async function findPorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

describe("keeping a proxy, with real processes", function () {
  it("tells when it is ready, and that it ended when told to", async () => {
    await using kept = await Kept.of("good");
    await kept.told("proxyReady");
    assert.deepEqual([kept.facts.ready, kept.facts.version, kept.facts.starts], [true, "2.366.0", 1]);
    assert.ok(kept.log.lines.some(({ message, fields }) => message.startsWith("Certified identity") && fields["source"] === "proxy"));
    await kept.keeper.stop(5000);
    assert.deepEqual(await kept.told("proxyExited"), { kind: "proxyExited", settled: true });
    assert.deepEqual([kept.facts.ready, kept.facts.pid, kept.facts.problem], [false, undefined, undefined]);
  });

  it("tells a crash at once with its last lines", async () => {
    await using kept = await Kept.of("exitAtOnce");
    assert.deepEqual(await kept.told("proxyExited"), { kind: "proxyExited", settled: false });
    assert.equal(kept.facts.problem?.code, "PROXY_CRASHED");
    assert.match(kept.facts.problem.what, /exit code 64; its last lines: .*told to end/);
  });

  it("tells a crash later", async () => {
    await using kept = await Kept.of("good");
    await kept.told("proxyReady");
    process.kill(kept.facts.pid ?? 0, "SIGUSR2");
    await kept.told("proxyExited");
    assert.match(kept.facts.problem?.what ?? "", /exit code 101/);
  });

  it("kills what ignores every request, within the budget", async () => {
    await using kept = await Kept.of("ignoresStop");
    await kept.told("proxyReady");
    const start = performance.now();
    await kept.keeper.stop(700);
    assert.ok(performance.now() - start < 2000);
    await kept.told("proxyExited");
    assert.ok(kept.log.messages.includes("SIGTERM is ignored"));
  });

  it("does not take /ready for ready, nor the other way round", async () => {
    await using kept = await Kept.of("neverReady");
    await kept.told("proxyUnready");
    await waitUntil(() => kept.facts.why, (why) => why === "it answers /ready with 503");
    assert.ok(!kept.events.some(({ kind }) => kind === "proxyReady"));
  });

  it("starts anew, by ending it, what gets no certificate for too long", async () => {
    await using kept = await Kept.of("noCertificate", { patience: 2000 });
    assert.deepEqual(await kept.told("proxyExited"), { kind: "proxyExited", settled: false });
    assert.equal(kept.facts.problem?.code, "PROXY_UNREADY");
    assert.match(kept.facts.problem.what, /no certificate yet, for too long/);
  });

  it("refuses a version that cannot work", async () => {
    await using kept = await Kept.of("good", { version: "2.329.0" });
    const [failure] = await waitUntil(() => kept.failures, (failures) => failures.length > 0);
    assert.equal(failure?.code, "PROXY_VERSION");
  });

  it("tells a program that is not there as an end, and a stop without a proxy too", async () => {
    await using kept = await Kept.of("good", { path: "/nowhere/proxy" });
    assert.deepEqual(await kept.told("proxyExited"), { kind: "proxyExited", settled: false });
    assert.equal(kept.facts.problem?.code, "PROGRAM_MISSING");
    kept.events.length = 0;
    await kept.keeper.stop(100);
    assert.deepEqual(kept.events, [{ kind: "proxyExited", settled: true }]);
  });
});
