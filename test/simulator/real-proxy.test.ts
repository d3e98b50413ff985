import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import { anything, echoBody, machineStatus, requestAnswer, type MachineStatus, type RequestAnswer } from "../../src/simulator/demo/answers.ts";
import { Lab, serviceAddress } from "../../src/simulator/demo/lab.ts";
import { layout, openNetwork } from "../../src/simulator/demo/network.ts";
import { commonFolder, relocateProgram } from "../../src/simulator/demo/programs.ts";
import { defaultNames, machineNames, meshNamespace, meshPorts, serviceAccountName } from "../../src/simulator/names.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";

const proxyPath = process.env["PROXY_PATH"] ?? "";
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const machine = machineNames(defaultNames);
const client = serviceAccountName("client", meshNamespace, defaultNames);

/** True for a linkerd2-proxy, with the rights to run it here. */
function canRun(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0 && existsSync(proxyPath) && spawnSync("grep", ["-qa", "linkerd_app", proxyPath]).status === 0;
}

/** The simulated mesh, the harness with the real proxy and an application, in two namespaces. */
class Rehearsal implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #stack: AsyncDisposableStack;
  readonly #signal = AbortSignal.timeout(150_000);

  private constructor(lab: Lab, stack: AsyncDisposableStack) {
    this.#lab = lab;
    this.#stack = stack;
  }

  static async open(): Promise<Rehearsal> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), `sim-real-${randomUUID().slice(0, 4)}-`));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const host = createLinuxHost({ log: silentLog, environment: process.env, self: { file: process.execPath, args: [main] } });
    const bind = { from: commonFolder([process.execPath, main]), to: join(folder, "program") };
    await chmod(folder, 0o755);
    await mkdir(bind.to);
    const network = stack.use(await openNetwork(host, { inUserNamespace: false, bind }, AbortSignal.timeout(10_000)));
    const lab = new Lab({ host, network, program: relocateProgram(host.processes, bind), folder, proxyPath });
    const rehearsal = new Rehearsal(lab, stack.move());
    await rehearsal.#start();
    return rehearsal;
  }

  async #start(): Promise<void> {
    await this.#lab.startMesh(this.#stack, this.#signal);
    await this.#lab.startApplication(this.#stack, this.#signal);
    await this.#lab.startHarness(this.#stack, this.#signal);
    await this.until(({ ready }) => ready);
  }

  status(): Promise<MachineStatus> {
    return this.#lab.ask(this.#lab.network.machine, ["status"], { schema: machineStatus, signal: this.#signal });
  }

  until(is: (status: MachineStatus) => boolean): Promise<MachineStatus> {
    // Before the harness listens, nobody answers.
    return waitUntil(() => this.status().catch(() => undefined), (seen) => seen !== undefined && is(seen), 20_000) as Promise<MachineStatus>;
  }

  async set(name: string, value: string): Promise<void> {
    await this.#lab.ask(this.#lab.network.mesh, ["simulate", "set", name, value, "--dir", `${this.#lab.folder}/mesh`], { schema: anything, signal: this.#signal });
  }

  /** The machine's application calls the mesh. */
  callOut(): Promise<RequestAnswer> {
    return this.#lab.ask(this.#lab.network.machine, ["simulate", "request", `http://${serviceAddress}/`], { schema: requestAnswer, signal: this.#signal });
  }

  /** A pod of the mesh calls the machine. */
  callIn(...words: readonly string[]): Promise<RequestAnswer> {
    return this.#lab.ask(this.#lab.network.mesh, ["simulate", "call", "--to", `${layout.machine}:${meshPorts.peerProxy}`, "--dir", `${this.#lab.folder}/mesh`, ...words], { schema: requestAnswer, signal: this.#signal });
  }

  callPlain(port: number): Promise<RequestAnswer> {
    return this.#lab.ask(this.#lab.network.mesh, ["simulate", "request", `http://${layout.machine}:${port}/`], { schema: requestAnswer, signal: this.#signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

describe("simulator with linkerd2-proxy", function () {
  this.timeout(60_000);
  skipUnless("linkerd2-proxy", canRun, "needs Linux, root, and PROXY_PATH naming a linkerd2-proxy (docs/proxy.md)");
  let rehearsal: Rehearsal;
  before("a machine that joined", async () => { rehearsal = await Rehearsal.open(); });
  after(async () => { await (rehearsal as Rehearsal | undefined)?.[Symbol.asyncDispose](); });

  it("is ready with the identity of the issuer", async () => {
    const { identity, proxy, redirect } = await rehearsal.until(({ ready }) => ready);
    assert.deepEqual([identity.good, proxy.good, redirect.good], [true, true, true]);
  });

  it("calls the mesh over mTLS: the far end saw this machine's identity", async () => {
    const answer = await rehearsal.callOut();
    const { server, identity, tlsVersion } = echoBody.parse(JSON.parse(answer.body ?? "{}"));
    assert.deepEqual({ server, identity, tlsVersion }, { server: "echo", identity: machine.identity, tlsVersion: "TLSv1.3" });
  });

  it("is called over mTLS: its application saw who called", async () => {
    const answer = await rehearsal.callIn();
    assert.deepEqual({ ok: answer.ok, identity: answer.identity }, { ok: true, identity: machine.identity });
    assert.equal(echoBody.parse(JSON.parse(answer.body ?? "{}")).headers["l5d-client-id"], client);
  });

  it("passes on bytes as they are, where no HTTP is announced: no header is added to them", async () => {
    const answer = await rehearsal.callIn("--session", "bytes");
    assert.deepEqual({ ok: answer.ok, identity: answer.identity }, { ok: true, identity: machine.identity });
    assert.equal(echoBody.parse(JSON.parse(answer.body ?? "{}")).headers["l5d-client-id"], undefined);
  });

  it("loses a permission while it runs, and gets it back", async () => {
    await rehearsal.set("access", "nobody");
    await waitUntil(() => rehearsal.callIn(), ({ status }) => status === 403);
    await rehearsal.set("access", "mesh");
    await waitUntil(() => rehearsal.callIn("--as", "stranger"), ({ ok }) => ok);
    await rehearsal.set("access", "client");
    await waitUntil(() => rehearsal.callIn("--as", "stranger"), ({ status }) => status === 403);
    assert.equal((await rehearsal.callIn()).ok, true);
  });

  it("refuses plaintext, at the proxy's port and at the application's", async () => {
    const answers = await Promise.all([meshPorts.peerProxy, meshPorts.application].map((port) => rehearsal.callPlain(port)));
    assert.deepEqual(answers.map(({ ok }) => ok), [false, false]);
    assert.equal(answers[1]?.status, 403);
  });

  for (const service of ["destination", "policy"]) {
    it(`works on while ${service} is away, in what it knows, and follows it when it is back`, async () => {
      assert.equal((await rehearsal.callOut()).ok, true);
      await rehearsal.set(service, "cut");
      await rehearsal.set(service, "refuse");
      assert.deepEqual([(await rehearsal.callOut()).ok, (await rehearsal.callIn()).ok], [true, true]);
      await rehearsal.set(service, "on");
      await rehearsal.set("access", "nobody");
      await waitUntil(() => rehearsal.callIn(), ({ status }) => status === 403, 20_000);
      await rehearsal.set("access", "client");
      await waitUntil(() => rehearsal.callIn(), ({ ok }) => ok, 20_000);
      assert.equal((await rehearsal.callOut()).ok, true);
    });
  }

  it("shows its new certificate after a rotation", async () => {
    const before = (await rehearsal.callIn("--session", "bytes")).serial;
    assert.ok(before !== undefined);
    await rehearsal.set("identity", "rotate");
    const after = await waitUntil(() => rehearsal.callIn("--session", "bytes"), ({ ok, serial }) => ok && serial !== before);
    assert.equal(after.identity, machine.identity);
  });

  for (const value of ["expired", "wrong-chain", "wrong-id"]) {
    it(`refuses the far end's certificate: ${value}; takes the good one again`, async () => {
      await rehearsal.set("peer-certificate", value);
      // A new connection is made when the old one ended.
      await rehearsal.set("peer", "cut");
      const refused = await waitUntil(() => rehearsal.callOut(), ({ ok }) => !ok);
      // The proxy's own answer: the request did not reach the far end.
      assert.ok(refused.status === undefined || refused.status >= 500, `status ${refused.status}`);
      await rehearsal.set("peer-certificate", "good");
      await waitUntil(() => rehearsal.callOut(), ({ ok }) => ok, 20_000);
    });
  }
});
