import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { parseStatus } from "../../src/harness/status-schema.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { main, RunCommand, uid } from "./support/run-command.ts";
import { Stage } from "./support/stage.ts";

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

  it("a full disk under its log neither ends it nor keeps it from stopping", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    const full = openSync("/dev/full", "w");
    await using harness = new RunCommand(stage, { log: full });
    closeSync(full);
    await stage.until((status) => status.ready, 20_000);
    assert.equal(await harness.end("SIGTERM"), 0);
    await stage.assertNothingLeft();
  });

  it("killed, it leaves no proxy and no rule, and comes back as the same instance", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage);
    const first = await stage.until((status) => status.ready, 20_000);
    assert.equal(await harness.end("SIGKILL"), "SIGKILL");
    await waitUntil(() => [stage.inForce(), isAlive(first.proxy.pid)], ([rules, alive]) => rules === "off" && alive === false);
    await stage.assertNothingLeft("admin.key");
    await using again = new RunCommand(stage);
    const second = await stage.until((status) => status.ready, 20_000);
    assert.deepEqual(second.instance, { id: first.instance.id, epoch: first.instance.epoch + 1 });
    assert.equal(await again.end("SIGTERM"), 0);
    await stage.assertNothingLeft();
  });

  it("what no waiting will cure ends it with 3 and every problem", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage, { more: { PROXY_PATH: "/nowhere/linkerd2-proxy" } });
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
