import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseStatus } from "../../src/harness/status-schema.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Stage } from "./support/stage.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** A uid that no account has: harness and proxy run as it. */
const uid = 61_003;

/** `linkerd-mesh run` as a process of its own. */
class RunCommand implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stderr = "";

  constructor(stage: Stage, more: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [main, "run"], { env: stage.environment({ PROXY_USER: String(uid), ...more }), stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => { this.#stderr += text; });
    this.#ended = once(this.#child, "close");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Its exit code, or the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<unknown> {
    if (signal !== undefined) this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

function askStatus(stage: Stage): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status: code, stdout, stderr } = spawnSync(process.execPath, [main, "status", "--output", "json"], { env: stage.environment(), encoding: "utf8" });
  return { code, stdout, stderr };
}

describe("linkerd-mesh run and status, as processes", function () {
  const reason = missingForOwnNetwork();
  skipUnless("harness", reason === undefined, reason ?? "");

  it("continues as PROXY_USER with CAP_NET_ADMIN alone under the same process id, and its proxy with nothing", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage);
    const { proxy } = await stage.until((status) => status.ready, 20_000);
    const [own, proxys] = [harness.pid, proxy.pid ?? 0].map((pid) => readFileSync(`/proc/${pid}/status`, "utf8"));
    assert.match(own ?? "", new RegExp(`^Uid:\\s${uid}\\s${uid}\\s${uid}`, "mu"));
    assert.match(own ?? "", /^CapEff:\s0{12}1000$/mu);
    assert.match(proxys ?? "", new RegExp(`^Uid:\\s${uid}\\s`, "mu"));
    assert.match(proxys ?? "", /^CapEff:\s0{16}$/mu);
    assert.match(proxys ?? "", /^NoNewPrivs:\s1$/mu);
    assert.equal(await harness.end("SIGTERM"), 0, harness.stderr);
    await stage.assertNothingLeft();
  });

  it("status shows a running harness with 0 and an absent one with 1", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage);
    await stage.until((status) => status.ready, 20_000);
    const shown = askStatus(stage);
    assert.equal(shown.code, 0, shown.stderr);
    assert.equal(parseStatus(JSON.parse(shown.stdout))?.state, "serving");
    await harness.end("SIGTERM");
    const absent = askStatus(stage);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /HARNESS_ABSENT/);
    await stage.assertNothingLeft();
  });

  it("killed, it leaves no proxy and no rule, and comes back as the same instance", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage);
    const first = await stage.until((status) => status.ready, 20_000);
    assert.equal(await harness.end("SIGKILL"), "SIGKILL");
    await waitUntil(() => [stage.inForce(), isAlive(first.proxy.pid)], ([rules, alive]) => rules === "off" && alive === false);
    await stage.assertNothingLeft();
    await using again = new RunCommand(stage);
    const second = await stage.until((status) => status.ready, 20_000);
    assert.deepEqual(second.instance, { id: first.instance.id, epoch: first.instance.epoch + 1 });
    assert.equal(await again.end("SIGTERM"), 0);
    await stage.assertNothingLeft();
  });

  it("what no waiting will cure ends it with 3 and every problem", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage, { PROXY_PATH: "/nowhere/linkerd2-proxy" });
    assert.equal(await harness.end(), 3);
    assert.match(harness.stderr, /PROXY_MISSING/);
    await stage.assertNothingLeft();
  });
});

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}
