import assert from "node:assert/strict";
import { status as grpc } from "@grpc/grpc-js";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { machineId, quick, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();

async function assertEndsCleanly(stage: Stage): Promise<void> {
  assert.ok(await stage.stop() < 5000);
  await stage.assertNothingLeft();
}

function codesOf(error: unknown): readonly string[] {
  return error instanceof Error && "errors" in error ? (error.errors as { code: string }[]).map(({ code }) => code) : [String((error as { code?: string } | undefined)?.code)];
}

describe("faults of the identity", function () {
  skipUnless("harness", reason === undefined, reason ?? "");

  it("SPIRE absent at start is waited for, and told", async () => {
    await using stage = await Stage.set();
    await stage.agent.stop();
    await stage.start();
    const waiting = await stage.until((status) => status.identity.problem?.code === "SPIRE_ABSENT");
    assert.deepEqual([waiting.state, stage.inForce()], ["waitIdentity", "off"]);
    assert.match(waiting.identity.problem?.remedy ?? "", /SPIRE_SOCKET_ADDR/);
    await stage.agent.start();
    await stage.until((status) => status.ready, 30_000);
    await assertEndsCleanly(stage);
  });

  for (const [what, code, offer] of [
    ["another id", "SVID_OTHER_ID", (stage: Stage) => stage.issuer.svid("spiffe://mesh.test/other")],
    ["one that has expired", "SVID_EXPIRED", (stage: Stage) => stage.issuer.svid(machineId, { expiresAt: new Date(Date.now() - 1000) })],
  ] as const) {
    it(`${what} keeps the proxy from starting until a good one comes`, async () => {
      await using stage = await Stage.set();
      stage.agent.publish(await offer(stage));
      await stage.start();
      const refused = await stage.until((status) => status.identity.problem?.code === code);
      assert.deepEqual([refused.ready, refused.proxy.pid, stage.inForce()], [false, undefined, "off"]);
      stage.agent.publish(await stage.issuer.svid(machineId));
      await stage.until((status) => status.ready, 30_000);
      await assertEndsCleanly(stage);
    });
  }

  it("a stream that is cut, or an entry that is removed, leaves the machine in the mesh", async () => {
    await using stage = await Stage.set();
    const before = await stage.serving();
    stage.agent.refuse(grpc.PERMISSION_DENIED, "no identity issued");
    const during = await stage.until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY");
    assert.deepEqual([during.ready, during.proxy.pid], [true, before.proxy.pid]);
    await stage.agent.stop();
    await stage.agent.start();
    stage.agent.publish(await stage.issuer.svid(machineId));
    await stage.until((status) => status.identity.problem === undefined, 40_000);
    await assertEndsCleanly(stage);
  });

  it("rotation does not restart the proxy; new trust anchors do, and traffic is refused meanwhile", async () => {
    await using stage = await Stage.set();
    const first = await stage.serving();
    const expiresAt = new Date(Date.now() + 7_200_000);
    stage.agent.publish(await stage.issuer.svid(machineId, { expiresAt }));
    const rotated = await stage.until((status) => Math.abs(Date.parse(status.identity.expires ?? "") - expiresAt.getTime()) < 2000);
    assert.equal(rotated.proxy.pid, first.proxy.pid);
    const { createIssuer } = await import("../fakes/workload-api.ts");
    stage.agent.publish(await (await createIssuer()).svid(machineId));
    const again = await stage.until((status) => status.ready && status.proxy.pid !== first.proxy.pid);
    assert.equal(again.state, "serving");
    const lines = stage.log.messages.filter((line) => line.includes("→"));
    assert.ok(lines.includes("serving → restarting") && lines.includes("restarting → startingProxy"), lines.join("\n"));
    await assertEndsCleanly(stage);
  });
});

describe("faults of the proxy", function () {
  skipUnless("harness", reason === undefined, reason ?? "");

  it("a missing one, and a port that is taken, are told at once and together", async () => {
    await using stage = await Stage.set();
    const thief = createServer().listen(4143, "0.0.0.0");
    await new Promise((resolve) => thief.once("listening", resolve));
    await stage.start({ PROXY_PATH: "/nowhere/proxy" });
    assert.deepEqual(codesOf(await stage.end()).toSorted(), ["PORT_TAKEN", "PROXY_MISSING"]);
    await new Promise((resolve) => thief.close(resolve));
    await stage.assertNothingLeft();
  });

  it("a version that cannot work ends the harness with the reason", async () => {
    await using stage = await Stage.set();
    await stage.proxy.behave("good", "2.330.0");
    await stage.start({ PROXY_PATH: stage.proxy.path });
    assert.deepEqual(codesOf(await stage.end()), ["PROXY_VERSION"]);
    await stage.assertNothingLeft();
  });

  it("a crash at once is tried again with pauses, and told with its last lines", async () => {
    await using stage = await Stage.set();
    await stage.proxy.behave("exitAtOnce");
    await stage.start({ PROXY_PATH: stage.proxy.path });
    const crashed = await stage.until((status) => status.proxy.problem?.code === "PROXY_CRASHED");
    assert.match(crashed.proxy.problem?.what ?? "", /exit code 64; its last lines: .*the fake proxy was told to end/);
    await waitUntil(() => stage.log.messages.filter((line) => line.includes("→ backoff")).length, (count) => count >= 3);
    assert.equal(stage.inForce(), "off");
    await stage.proxy.behave("good");
    await stage.until((status) => status.ready);
    await assertEndsCleanly(stage);
  });

  for (const [setting, meanwhile] of [["open", "off"], ["closed", "refuse"]] as const) {
    it(`when it dies under redirected traffic, ON_PROXY_FAILURE=${setting} decides what that meets`, async () => {
      await using stage = await Stage.set();
      const { proxy } = await stage.serving({ ON_PROXY_FAILURE: setting }, { ...quick, retry: { first: 1500, most: 1500 } });
      process.kill(proxy.pid ?? 0, "SIGKILL");
      await stage.until((status) => status.state === "backoff" && status.redirect.inForce === meanwhile);
      assert.equal(stage.inForce(), meanwhile);
      const back = await stage.until((status) => status.ready);
      assert.notEqual(back.proxy.pid, proxy.pid);
      await assertEndsCleanly(stage);
    });
  }

  it("one that ignores every request to end is killed within the budget", async () => {
    await using stage = await Stage.set();
    await stage.proxy.behave("ignoresStop");
    await stage.serving({ PROXY_PATH: stage.proxy.path, SHUTDOWN_GRACE: "2s" });
    await assertEndsCleanly(stage);
    assert.ok(stage.log.messages.some((line) => line.includes("is killed")));
  });

  it("one that never gets a certificate is not waited for for ever", async () => {
    await using stage = await Stage.set();
    await stage.proxy.behave("noCertificate");
    await stage.start({ PROXY_PATH: stage.proxy.path }, { ...quick, proxyPatience: 500 });
    await stage.until((status) => status.proxy.problem?.code === "PROXY_UNREADY");
    await stage.proxy.behave("good");
    await stage.until((status) => status.ready);
    await assertEndsCleanly(stage);
  });
});

describe("faults of the control plane", function () {
  skipUnless("harness", reason === undefined, reason ?? "");

  for (const [setting, meanwhile] of [["open", "off"], ["closed", "refuse"]] as const) {
    it(`while it is away captured traffic is withheld from the proxy (ON_PROXY_FAILURE=${setting})`, async () => {
      await using stage = await Stage.set();
      const { proxy } = await stage.serving({ ON_PROXY_FAILURE: setting });
      await stage.controlPlane(false);
      const withheld = await stage.until((status) => status.state === "withheld" && status.redirect.inForce === meanwhile);
      assert.deepEqual([withheld.ready, withheld.proxy.pid, withheld.redirect.problem?.code], [false, proxy.pid, "CONTROL_PLANE_AWAY"]);
      assert.equal(stage.inForce(), meanwhile);
      await stage.controlPlane(true);
      await stage.until((status) => status.ready);
      await assertEndsCleanly(stage);
    });
  }

  it("away at start, it is waited for with the proxy running and nothing captured", async () => {
    await using stage = await Stage.set();
    await stage.controlPlane(false);
    await stage.start();
    const waiting = await stage.until((status) => status.state === "withheld");
    assert.deepEqual([waiting.controlPlane.problem?.code, stage.inForce()], ["CONTROL_PLANE_AWAY", "off"]);
    await stage.controlPlane(true);
    await stage.until((status) => status.ready);
    await assertEndsCleanly(stage);
  });
});

describe("faults of the machine", function () {
  skipUnless("harness", reason === undefined, reason ?? "");

  for (const minutes of [-5, 5]) {
    it(`the clock jumping by ${minutes} min does not take it out of the mesh`, async () => {
      await using stage = await Stage.set();
      const { proxy } = await stage.serving();
      stage.clock.offset = minutes * 60_000;
      stage.agent.publish(await stage.issuer.svid(machineId, { expiresAt: new Date(Date.now() + 7_200_000) }));
      const after = await stage.until((status) => Date.parse(status.identity.expires ?? "") > Date.now() + 7_000_000);
      assert.deepEqual([after.ready, after.proxy.pid, after.state], [true, proxy.pid, "serving"]);
      await assertEndsCleanly(stage);
    });
  }

  it("a second harness is refused and does not disturb the first", async () => {
    await using stage = await Stage.set();
    const first = await stage.serving();
    await using other = Stage.beside(stage);
    await other.start();
    assert.deepEqual(codesOf(await other.end()), ["HARNESS_RUNNING"]);
    assert.equal((await stage.status())?.proxy.pid, first.proxy.pid);
    await assertEndsCleanly(stage);
  });

  it("a torn state file is put aside; one of a newer version is left alone", async () => {
    await using stage = await Stage.set();
    const file = join(stage.folder, "state", "instance.json");
    mkdirSync(join(stage.folder, "state"));
    writeFileSync(file, '{"version":1,"id":"');
    const fresh = await stage.serving();
    assert.equal(fresh.instance.epoch, 1);
    assert.equal(readFileSync(`${file}.damaged`, "utf8"), '{"version":1,"id":"');
    await assertEndsCleanly(stage);
    writeFileSync(file, '{"version":99}');
    await stage.start();
    assert.deepEqual(codesOf(await stage.end()), ["STATE_NEWER"]);
    assert.equal(readFileSync(file, "utf8"), '{"version":99}');
    await stage.assertNothingLeft();
  });

  it("a full disk under the state does not keep it out", async () => {
    await using stage = await Stage.set();
    const state = join(stage.folder, "state");
    mkdirSync(state);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k,nr_inodes=3", "none", state]);
    try {
      writeFileSync(join(state, "lock"), "");
      writeFileSync(join(state, "instance.json"), "x");
      await stage.serving();
      assert.ok(stage.log.lines.some(({ fields }) => fields["code"] === "DISK_FULL"));
      await assertEndsCleanly(stage);
    } finally {
      execFileSync("umount", ["-l", state]);
    }
  });

  it("the operator's off and on hold", async () => {
    await using stage = await Stage.set();
    await stage.serving();
    await stage.redirect("off");
    const off = await stage.until((status) => status.redirect.inForce === "off");
    assert.deepEqual([off.ready, off.redirect.operator, stage.inForce()], [false, "off", "off"]);
    await stage.redirect("on");
    await stage.until((status) => status.ready);
    await assertEndsCleanly(stage);
  });

  it("rules that are lost with the process that held them are switched on again", async () => {
    await using stage = await Stage.set();
    await stage.serving();
    const holder = stage.holder();
    process.kill(holder ?? 0, "SIGKILL");
    await waitUntil(() => stage.holder(), (now) => now !== undefined && now !== holder);
    await stage.until((status) => status.ready);
    await assertEndsCleanly(stage);
  });
});

describe("a stop with everything unreachable", function () {
  skipUnless("harness", reason === undefined, reason ?? "");

  const ways: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
    waitIdentity: async (stage) => { await stage.agent.stop(); await stage.start(); },
    waitProxyReady: async (stage) => { await stage.proxy.behave("noCertificate"); await stage.start({ PROXY_PATH: stage.proxy.path }); },
    backoff: async (stage) => { await stage.proxy.behave("exitAtOnce"); await stage.start({ PROXY_PATH: stage.proxy.path }, { ...quick, retry: { first: 5000, most: 5000 } }); },
    withheld: async (stage) => { await stage.controlPlane(false); await stage.start(); },
    serving: async (stage) => { await stage.proxy.behave("ignoresStop"); await stage.start({ PROXY_PATH: stage.proxy.path }); },
  };

  for (const [phase, reach] of Object.entries(ways)) {
    it(`in ${phase} ends in under five seconds`, async () => {
      await using stage = await Stage.set();
      await reach(stage);
      await stage.until(({ state }) => state === phase);
      const cut = [stage.agent.stop(), stage.controlPlane(false)];
      await Promise.all(cut);
      assert.ok(await stage.stop() < 5000);
      await stage.assertNothingLeft();
    });
  }
});
