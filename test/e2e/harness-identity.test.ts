import assert from "node:assert/strict";
import { status as grpc } from "@grpc/grpc-js";
import { createIssuer } from "../fakes/workload-api.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { assertEndsCleanly } from "./support/endings.ts";
import { machineId, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();

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
    stage.agent.publish(await (await createIssuer()).svid(machineId));
    const again = await stage.until((status) => status.ready && status.proxy.pid !== first.proxy.pid);
    assert.equal(again.state, "serving");
    const lines = stage.log.messages.filter((line) => line.includes("→"));
    assert.ok(lines.includes("serving → restarting") && lines.includes("restarting → startingProxy"), lines.join("\n"));
    await assertEndsCleanly(stage);
  });

  it("captured traffic is refused, not let out in plaintext, while a planned restart lasts", async () => {
    await using stage = await Stage.set();
    await stage.proxy.behave("ignoresStop");
    const first = await stage.serving({ PROXY_PATH: stage.proxy.path, SHUTDOWN_GRACE: "2s" });
    stage.agent.publish(await (await createIssuer()).svid(machineId));
    const during = await stage.until(({ state, redirect }) => state === "restarting" && redirect.inForce === "refuse");
    assert.deepEqual([during.ready, stage.inForce()], [false, "refuse"]);
    const again = await stage.until((status) => status.ready);
    assert.notEqual(again.proxy.pid, first.proxy.pid);
    await assertEndsCleanly(stage);
  });
});
