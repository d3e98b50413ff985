import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { uid } from "./support/run-command.ts";
import { groupFile, RegistrationStage } from "./support/registration-stage.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";

describe("a registration service that is told to stop", function () {
  this.timeout(60_000);

  it("says so to who watches and on /readyz, and cuts off who does not leave", async () => {
    await using stage = await RegistrationStage.create();
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    assert.equal(await machine.register(), "ok");
    const watching = await machine.watch();
    stage.write("orders.yaml", groupFile({ tier: "gold" }));
    await waitUntil(() => watching.hints.length, (count) => count === 2);
    const silent = connect({ host: stage.host, port: stage.port });
    await once(silent, "connect");
    silent.on("error", () => undefined);
    await waitUntil(() => service.metric("connections"), (count) => count === 3);
    const started = performance.now();
    const ended = service.end("SIGTERM");
    const seen = await waitUntil(() => service.readiness(), (readiness) => readiness?.reason !== "serving");
    assert.deepEqual([seen?.ready, seen?.reason], [false, "draining"]);
    await watching.ended;
    assert.deepEqual(watching.hints.map(({ e }) => e?.$case), ["configVersion", "configVersion", "serverDraining"]);
    assert.equal((await ended).code, 0);
    assert.ok(performance.now() - started < 5000);
    silent.destroy();
  });

  it("ends at once while it stands by, and while it waits for SPIRE", async () => {
    await using stage = await RegistrationStage.create({ started: false });
    const [first, second] = [await stage.start(), await stage.start()];
    const reasons = async (): Promise<readonly unknown[]> => [(await first.readiness())?.reason, (await second.readiness())?.reason].sort();
    await waitUntil(reasons, (seen) => seen.join() === "standing by,waiting for an identity");
    const started = performance.now();
    assert.deepEqual([(await first.end("SIGTERM")).code, (await second.end("SIGTERM")).code], [0, 0]);
    assert.ok(performance.now() - started < 3000);
  });

  it("ends with an error that no patience cures, as an address that is none", async () => {
    await using stage = await RegistrationStage.create();
    const { code, stderr } = await (await stage.start("--spire-socket-addr", "tcp://spire.example:80")).end();
    assert.deepEqual([code !== 0, /SPIRE_ADDRESS|SETTING_INVALID/u.test(stderr)], [true, true]);
  });
});

describe("a registration service as nobody in particular", function () {
  skipUnless("registration-nonroot", () => process.getuid?.() === 0, "needs root to become another account");
  this.timeout(60_000);

  it("serves with folders of its own, and makes what it needs for itself", async () => {
    await using stage = await RegistrationStage.create();
    for (const folder of [stage.folder, stage.groupsDir]) chmodSync(folder, 0o755);
    mkdirSync(stage.stateDir);
    chownSync(stage.stateDir, uid, uid);
    chmodSync(join(stage.agent.socketPath, ".."), 0o755);
    chmodSync(stage.agent.socketPath, 0o777);
    const [service, machine] = [await stage.startAs(uid), await stage.machine()];
    await service.serving();
    assert.deepEqual([await machine.register(), await machine.renew()], ["ok", "ok"]);
    assert.deepEqual([statSync(join(stage.stateDir, "registration.db")).uid, statSync(join(stage.stateDir, "token.key")).mode & 0o777], [uid, 0o600]);
  });
});

describe("a registration service whose disk is full", function () {
  skipUnless("registration-disk-full", () => process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0, "needs root to mount a small disk");
  this.timeout(60_000);

  it("refuses what it cannot store, is not ready and says why, and serves again when there is room", async () => {
    await using stage = await RegistrationStage.create();
    mkdirSync(stage.stateDir);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", stage.stateDir]);
    await using _mounted = { [Symbol.asyncDispose]: async () => { execFileSync("umount", ["-l", stage.stateDir]); } };
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    assert.equal(await machine.register(), "ok");
    const filler = join(stage.stateDir, "filler");
    fill(filler);
    const machines = await Promise.all(Array.from({ length: 40 }, (_, index) => stage.machine(`m${index}`)));
    const told = await Promise.all(machines.map((one) => one.register()));
    assert.ok(told.includes("UNAVAILABLE"), told.join());
    const seen = await service.readiness();
    assert.deepEqual([seen?.ready, seen?.problems[0]?.code], [false, "STORE_FAILED"]);
    assert.equal((await service.get("/healthz")).status, 200);
    rmSync(filler);
    assert.equal(await waitUntil(() => machines.at(-1)?.register(), (answer) => answer === "ok", 20_000), "ok");
  });
});

/** Writes until the disk takes no more. */
function fill(path: string): void {
  assert.throws(() => {
    for (let count = 1; count < 1024; count += 1) writeFileSync(path, Buffer.alloc(4096), { flag: "a" });
  }, { code: "ENOSPC" });
}
