import assert from "node:assert/strict";
import { createServer } from "node:net";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { assertEndsCleanly, codesOf } from "./support/endings.ts";
import { quick, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();

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
