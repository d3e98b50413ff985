import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { adminKeyPath } from "../../../src/harness/admin-key.ts";
import { runHarness } from "../../../src/harness/run-harness.ts";
import { parseStatus } from "../../../src/harness/status-schema.ts";
import type { Status } from "../../../src/harness/status.ts";
import { defaultTimings, type Timings } from "../../../src/harness/timings.ts";
import { readSettle } from "../../../src/cli/config/resolve-settings.ts";
import type { Host } from "../../../src/platform/host.ts";
import { createLinuxHost } from "../../../src/platform/linux/host.ts";
import { makeProxyProgram, type ProxyProgram } from "../../fakes/proxy-program.ts";
import { RememberingLog } from "../../fakes/remembering-log.ts";
import { createIssuer, FakeWorkloadApi, type FakeIssuer } from "../../fakes/workload-api.ts";
import { enterOwnNetwork, ownAddresses } from "../../support/own-network.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { LeapingClock } from "./leaping-clock.ts";

/** The identity of the machine on the stage. */
export const machineId = "spiffe://mesh.test/vm";

/** Waits that are short, so that each fault shows within seconds. */
export const quick: Timings = {
  ...defaultTimings, proxyPollStarting: 30, proxyPollServing: 100, retry: { first: 100, most: 1000 },
  controlPlanePoll: 100, controlPlaneAnswer: 500, controlPlanePatience: 600, driftPoll: 200,
};

/** Settings that differ from those of every stage; undefined leaves one out. */
export type Told = Readonly<Record<string, string | undefined>>;

/** Everything around one harness: network, Workload API, proxy program, control plane, state folder. */
export class Stage implements AsyncDisposable {
  readonly log = new RememberingLog();
  readonly clock = new LeapingClock();
  readonly agent: FakeWorkloadApi;
  readonly issuer: FakeIssuer;
  readonly proxy: ProxyProgram;
  readonly folder: string;
  readonly #network: Disposable;
  readonly #services = new Map<number, Service>();
  #guest = false;
  #running: { readonly controller: AbortController; readonly ended: Promise<unknown> } | undefined;

  private constructor(parts: { readonly agent: FakeWorkloadApi; readonly issuer: FakeIssuer; readonly proxy: ProxyProgram; readonly folder: string; readonly network: Disposable }) {
    this.agent = parts.agent;
    this.issuer = parts.issuer;
    this.proxy = parts.proxy;
    this.folder = parts.folder;
    this.#network = parts.network;
  }

  /** A stage on which all is well: an identity is offered and the control plane answers. */
  static async set(): Promise<Stage> {
    const network = enterOwnNetwork();
    const stage = new Stage({
      network, agent: await FakeWorkloadApi.create(), issuer: await createIssuer(), proxy: await makeProxyProgram(),
      folder: await mkdtemp(join(tmpdir(), "harness-stage-")),
    });
    stage.agent.publish(await stage.issuer.svid(machineId));
    await stage.controlPlane(true);
    return stage;
  }

  /** The same machine once more: its own harness, everything else is the other's. */
  static beside(other: Stage): Stage {
    const shared = { agent: other.agent, issuer: other.issuer, proxy: other.proxy, folder: other.folder };
    const nothing = { [Symbol.dispose]: () => undefined };
    const stage = new Stage({ ...shared, network: nothing });
    stage.#guest = true;
    return stage;
  }

  /** PROXY_PATH's linkerd2-proxy where one is given and the test does not need bad manners. */
  get proxyPath(): string {
    return process.env["PROXY_PATH"] ?? this.proxy.path;
  }

  /** What a machine of this stage is told. */
  environment(more: Told = {}): Readonly<Record<string, string>> {
    const told: Told = {
      REGISTRATION: "static", WORKLOAD_NAME: "vm", WORKLOAD_NAMESPACE: "apps", WORKLOAD_SERVER_NAME: "vm.apps.mesh.test", WORKLOAD_IDENTITY: machineId,
      INBOUND_NETWORK_ADDRESS: ownAddresses.v4, DESTINATION_SVC_ADDR: "127.0.0.1:8086", POLICY_SVC_ADDR: "127.0.0.1:8090",
      SPIRE_SOCKET_ADDR: this.agent.address, STATE_DIR: join(this.folder, "state"), PROXY_PATH: this.proxyPath, ...more,
    };
    return { PATH: process.env["PATH"] ?? "", ...Object.fromEntries(Object.entries(told).flatMap(([name, value]) => (value === undefined ? [] : [[`LINKERD_MESH_${name}`, value]]))) };
  }

  /** Starts the harness in this process. */
  async start(more: Told = {}, timings: Timings = quick): Promise<void> {
    const host: Host = { ...createLinuxHost({ log: this.log, environment: this.environment(more), self: { file: process.execPath, args: [] } }), clock: this.clock };
    const settle = await readSettle(host, { flags: {} }, "run");
    const { settings, problems } = settle({});
    assert.ok(settings !== undefined, problems.join("\n"));
    const controller = new AbortController();
    const ended = runHarness({ host, settings, settle, timings, version: "0.0.0-test" }, controller.signal).then(() => undefined, (error: unknown) => error);
    this.#running = { controller, ended };
  }

  /** Starts it and waits until the machine is part of the mesh. */
  async serving(more: Told = {}, timings: Timings = quick): Promise<Status> {
    await this.start(more, timings);
    return this.until((status) => status.ready);
  }

  /** The status once it is as wanted, asked as anybody would; fails with the last one. */
  async until(wanted: (status: Status) => boolean, milliseconds?: number): Promise<Status> {
    const found = await waitUntil(() => this.status(), (status) => status !== undefined && wanted(status), milliseconds);
    assert.ok(found !== undefined);
    return found;
  }

  async status(): Promise<Status | undefined> {
    const answer = await ask("/status");
    return answer === undefined ? undefined : parseStatus(await answer.json());
  }

  /** Switches the redirect through the living harness. */
  async redirect(want: "on" | "off"): Promise<void> {
    const answer = await ask("/redirect", { method: "POST", body: JSON.stringify({ want }) });
    assert.equal(answer?.status, 200);
  }

  /** Asks the living harness to leave for good, as its administrator; what it says of it. */
  async leave(): Promise<unknown> {
    const key = await readFile(adminKeyPath(join(this.folder, "state")), "utf8");
    return (await ask("/leave", { method: "POST", headers: { authorization: `Bearer ${key.trim()}` } }))?.json();
  }

  /** What a load balancer sees. */
  async health(): Promise<number | undefined> {
    return (await ask("/ready"))?.status;
  }

  /** What the system holds now. */
  inForce(): "redirect" | "refuse" | "off" {
    const { stdout } = spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" });
    if (!stdout.includes("linkerd_mesh")) return "off";
    return stdout.includes("mode refuse") ? "refuse" : "redirect";
  }

  /** A variable with which the running proxy was started. */
  async proxyVariable(pid: number | undefined, name: string): Promise<string> {
    const variables = (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0");
    return variables.find((line) => line.startsWith(`LINKERD2_PROXY_${name}=`)) ?? "";
  }

  /** The process that holds our table. */
  holder(): number | undefined {
    const found = /held by process (\d+)/u.exec(spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" }).stdout)?.[1];
    return found === undefined ? undefined : Number(found);
  }

  /** Lets accounts other than ours reach the sockets and programs of the stage. */
  openToAll(): void {
    for (const path of [this.folder, dirname(this.agent.socketPath), dirname(this.proxy.path)]) chmodSync(path, 0o755);
    chmodSync(this.agent.socketPath, 0o777);
  }

  /** The end of the harness without being told: undefined or its error. */
  async end(): Promise<unknown> {
    return this.#running?.ended;
  }

  /** Stops it; the milliseconds it took. */
  async stop(): Promise<number> {
    const start = performance.now();
    this.#running?.controller.abort(new Error("stop"));
    assert.equal(await this.#running?.ended, undefined);
    return performance.now() - start;
  }

  /** Destination and policy service: ports on loopback, as far as a harness looks at those. */
  async controlPlane(there: boolean): Promise<void> {
    for (const port of [8086, 8090]) {
      const server = this.#services.get(port);
      if (there && server === undefined) this.#services.set(port, await listen(port));
      if (!there && server !== undefined) {
        this.#services.delete(port);
        await server.close();
      }
    }
  }

  /** Nothing of ours is left: no rule, no process, no listening port, no file but the state and what a killed process may leave. */
  async assertNothingLeft(...killed: readonly string[]): Promise<void> {
    assert.equal(this.inForce(), "off");
    assert.deepEqual(await listProcesses(this.proxyPath, this.proxy.path), []);
    const { stdout } = spawnSync("ss", ["-Hltn"], { encoding: "utf8" });
    assert.deepEqual([...stdout.matchAll(/:(414[03]|419[12])\s/gu)].map((found) => found[1]), []);
    assert.deepEqual((await readdir(this.folder)).filter((name) => name !== "state"), []);
    assert.deepEqual((await readdir(join(this.folder, "state")).catch(() => [])).filter((name) => !killed.includes(name) && !/^(?:lock|registration\.json|instance\.json(?:\.damaged)?)$/u.test(name)), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running?.controller.abort(new Error("the stage ends"));
    await this.#running?.ended;
    if (this.#guest) return;
    await this.controlPlane(false);
    await this.agent[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
    this.#network[Symbol.dispose]();
  }
}

async function ask(path: string, init: { readonly method?: string; readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Response | undefined> {
  return fetch(`http://127.0.0.1:4192${path}`, { ...init, headers: { connection: "close", ...init.headers }, signal: AbortSignal.timeout(2000) }).catch(() => undefined);
}

interface Service {
  close(): Promise<void>;
}

async function listen(port: number): Promise<Service> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined).once("close", () => open.delete(socket)).resume();
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Processes of our network that run the proxy: by a word of their command line, or by their environment. */
async function listProcesses(...words: readonly string[]): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const network = await readlink("/proc/self/ns/net");
  const lines = await Promise.all(pids.map(async (pid) => {
    if ((await readlink(`/proc/${pid}/ns/net`).catch(() => "")) !== network) return "";
    const line = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    const ours = words.some((word) => line.includes(word)) || environment.includes("LINKERD2_PROXY_IDENTITY_SERVER_ID=spiffe://mesh.test/vm");
    return ours && Number(pid) !== process.pid ? line : "";
  }));
  return lines.filter((line) => line !== "");
}
