import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultTimings } from "../../src/harness/timings.ts";
import { createIssuer } from "../fakes/workload-api.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { assertEndsCleanly, codesOf } from "./support/endings.ts";
import { machineId, quick, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();

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
    restarting: async (stage) => {
      await stage.proxy.behave("ignoresStop");
      await stage.serving({ PROXY_PATH: stage.proxy.path });
      stage.agent.publish(await (await createIssuer()).svid(machineId));
    },
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

  it("holds with the times that users get, also when all goes away after the stop began", async () => {
    await using stage = await Stage.set();
    await stage.proxy.behave("ignoresStop");
    await stage.serving({ PROXY_PATH: stage.proxy.path }, defaultTimings);
    const took = stage.stop();
    await Promise.all([stage.agent.stop(), stage.controlPlane(false)]);
    assert.ok(await took < 5000);
    await stage.assertNothingLeft();
  });
});
