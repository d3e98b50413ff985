import assert from "node:assert/strict";
import { RunCommand, uid } from "../e2e/support/run-command.ts";
import { machineId, Stage } from "../e2e/support/stage.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { buildSpire, isSpireBuildable, spireNeeds } from "./spire/build.ts";
import { Spire } from "./spire.ts";

const patience = 60_000;

async function start(stage: Stage, spire: Spire): Promise<void> {
  await stage.start({ SPIRE_SOCKET_ADDR: spire.address });
}

async function assertEndsCleanly(stage: Stage): Promise<void> {
  assert.ok(await stage.stop() < 5000);
  await stage.assertNothingLeft();
}

describe("the harness with a real SPIRE", function () {
  const reason = missingForOwnNetwork();
  skipUnless("spire", async () => reason === undefined && await isSpireBuildable(), reason ?? spireNeeds);
  this.timeout(180_000);

  before("build", async function () {
    this.timeout(1_200_000);
    await buildSpire();
  });

  it("waits for an agent that is absent at start, then for its entry, and serves", async () => {
    await using stage = await Stage.set();
    await using spire = await Spire.start({ agent: false });
    await start(stage, spire);
    await stage.until((status) => status.identity.problem?.code === "SPIRE_ABSENT", patience);
    await spire.startAgent();
    await stage.until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY", patience);
    await spire.createEntry({ spiffeId: machineId });
    await stage.until((status) => status.ready, patience);
    await assertEndsCleanly(stage);
  });

  it("gets its identity as PROXY_USER, by an entry for that user alone", async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: machineId, uid });
    await using harness = new RunCommand(stage, { SPIRE_SOCKET_ADDR: spire.address });
    const status = await stage.until(({ ready }) => ready, patience);
    assert.equal(status.identity.detail, machineId);
    assert.equal(await harness.end("SIGTERM"), 0, harness.stderr);
    await stage.assertNothingLeft();
  });

  it("follows rotations of a short-lived SVID with the same proxy", async () => {
    await using stage = await Stage.set();
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: machineId, ttl: 20 });
    await start(stage, spire);
    const first = await stage.until((status) => status.ready, patience);
    const later = await stage.until((status) => status.identity.expires !== first.identity.expires, patience);
    assert.deepEqual([later.proxy.pid, later.ready], [first.proxy.pid, true]);
    await assertEndsCleanly(stage);
  });

  it("stays in the mesh while the agent is gone and while its entry is removed", async () => {
    await using stage = await Stage.set();
    await using spire = await Spire.start();
    const entry = await spire.createEntry({ spiffeId: machineId });
    await start(stage, spire);
    const first = await stage.until((status) => status.ready, patience);
    await spire.killAgent();
    const gone = await stage.until((status) => status.identity.problem !== undefined, patience);
    assert.deepEqual([gone.ready, gone.proxy.pid], [true, first.proxy.pid]);
    await spire.startAgent();
    await stage.until((status) => status.identity.problem === undefined, patience);
    await spire.deleteEntry(entry);
    const removed = await stage.until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY", patience);
    assert.deepEqual([removed.ready, removed.proxy.pid], [true, first.proxy.pid]);
    await spire.createEntry({ spiffeId: machineId });
    await stage.until((status) => status.identity.problem === undefined, patience);
    await assertEndsCleanly(stage);
  });

  it("starts the proxy anew with the new anchors when the bundle changes", async () => {
    await using stage = await Stage.set();
    await using spire = await Spire.start();
    await spire.createEntry({ spiffeId: machineId, ttl: 20 });
    await start(stage, spire);
    const first = await stage.until((status) => status.ready, patience);
    await spire.rotateRoot();
    const again = await stage.until((status) => status.ready && status.proxy.pid !== first.proxy.pid, patience);
    const anchors = await stage.proxyVariable(again.proxy.pid, "IDENTITY_TRUST_ANCHORS");
    for (const root of spire.roots) assert.ok(anchors.includes(root.trim()));
    await assertEndsCleanly(stage);
  });
});
