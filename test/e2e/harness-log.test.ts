import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { adminKeyPath } from "../../src/harness/admin-key.ts";
import { parseLogRecord, type LogRecord } from "../../src/model/log-record.ts";
import { runProgram, startProgram } from "../cli/program.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { RunCommand, uid } from "./support/run-command.ts";
import { Stage } from "./support/stage.ts";

describe("the harness's log in LOGDIR, with the harness as a process", function () {
  this.timeout(60_000);
  const reason = missingForOwnNetwork();
  skipUnless("harness", reason === undefined, reason ?? "");

  const logDirOf = (stage: Stage): string => join(stage.folder, "log");
  const keeping = (stage: Stage, form = "json"): { readonly more: Readonly<Record<string, string>> } => ({ more: { LOG_FILE: form, LOG_DIR: logDirOf(stage) } });

  it("has the life of a harness and of the one after it was killed, is PROXY_USER's own, and is what logs shows", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    let key: string;
    {
      await using killed = new RunCommand(stage, keeping(stage));
      await stage.until((status) => status.ready, 30_000);
      key = readFileSync(adminKeyPath(join(stage.folder, "state")), "utf8").trim();
      await killed.end("SIGKILL");
    }
    await using harness = new RunCommand(stage, keeping(stage));
    await stage.until((status) => status.ready, 30_000);
    assert.equal(await harness.end("SIGTERM"), 0, harness.stderr);
    const path = join(logDirOf(stage), "harness.log");
    const text = readFileSync(path, "utf8");
    assert.equal(statSync(path).uid, uid);
    assert.ok(text.trimEnd().split("\n").every((line) => parseLogRecord(line) !== undefined));
    assert.ok(!text.includes(key), "no key");
    assert.doesNotMatch(text, /PRIVATE KEY/u);
    const { stdout, code } = await runProgram(["logs", "--log-dir", logDirOf(stage), "--output", "json"]);
    assert.equal(code, 0);
    const entries = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as LogRecord);
    assert.equal(entries.length, text.trimEnd().split("\n").length - 1, "all but the beginning");
    assert.ok(entries.length > 4, text);
  });

  it("tells the error that ended the harness, as its last line", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage, { more: { ...keeping(stage, "text").more, PROXY_PATH: "/nowhere/proxy" } });
    assert.equal(await harness.end(), 3);
    const last = readFileSync(join(logDirOf(stage), "harness.log"), "utf8").trimEnd().split("\n").at(-1) ?? "";
    assert.match(last, / error .*"code":"PROXY_MISSING"/u);
  });

  it("tells the error that nobody caught, with its stack, and ends with everything that the harness started", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    const crashes = ["--import", "data:text/javascript,process.on('SIGUSR2', () => { throw new Error('unforeseen'); })"];
    await using harness = new RunCommand(stage, { ...keeping(stage, "text"), node: crashes });
    await stage.until((status) => status.ready, 30_000);
    assert.equal(await harness.end("SIGUSR2"), 3);
    const last = readFileSync(join(logDirOf(stage), "harness.log"), "utf8").trimEnd().split("\n").at(-1) ?? "";
    assert.match(last, / error .*unforeseen.*"code":"INTERNAL".*"stack":"Error: unforeseen\\n/u);
    assert.match(harness.stderr, /INTERNAL/u);
    rmSync(logDirOf(stage), { recursive: true });
    await waitUntil(() => stage.inForce(), (found) => found === "off");
    await stage.assertNothingLeft("admin.key");
  });

  it("full or forbidden, neither ends the harness nor keeps it from stopping, and is told once on stderr", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    mkdirSync(logDirOf(stage));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "none", logDirOf(stage)]);
    await using _mount = { [Symbol.asyncDispose]: () => Promise.resolve(void execFileSync("umount", ["--lazy", logDirOf(stage)])) };
    writeFileSync(join(logDirOf(stage), "other"), Buffer.alloc(4096));
    chmodSync(logDirOf(stage), 0o777);
    await using harness = new RunCommand(stage, keeping(stage));
    await stage.until((status) => status.ready, 30_000);
    assert.equal(await harness.end("SIGTERM"), 0, harness.stderr);
    assert.equal(harness.stderr.match(/DISK_FULL/gu)?.length, 1, harness.stderr);
    assert.deepEqual(readdirSync(logDirOf(stage)), ["harness.lock", "harness.log", "other"]);
  });

  it("of a harness without root has wrong settings too, for a service has no terminal", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    const folder = join(stage.folder, "own");
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const environment = { LINKERD_MESH_LOG_FILE: "text", LINKERD_MESH_LOG_DIR: folder, LINKERD_MESH_STATE_DIR: join(folder, "state"), LINKERD_MESH_PROXY_INBOUND_PORT: "wrong" };
    await using harness = startProgram(["run"], { environment, uid });
    const { code } = await harness.ended;
    assert.equal(code, 2);
    await waitUntil(() => readFileSync(join(folder, "harness.log"), "utf8"), (text) => /SETTING_INVALID/u.test(text) && /SETTING_REQUIRED/u.test(text));
  });
});
