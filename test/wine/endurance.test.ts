import assert from "node:assert/strict";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openMeshStage, readStatus, wait, type Cost, type MeshStage } from "./support/mesh-stage.ts";
import { skipUnlessWine } from "./support/wine.ts";

const rounds = 100;
const minutes = 60_000;

describe("one life of the service with many restarts of its proxy, under Wine", () => {
  skipUnlessWine();
  skipUnless("own network", missingForOwnNetwork() === undefined, missingForOwnNetwork() ?? "");
  let stage: MeshStage;

  before(async function () {
    this.timeout(15 * minutes);
    stage = await openMeshStage("1h");
    await stage.manage("start");
    await waitUntil(readStatus, (status) => status?.ready === true, wait);
  });

  after(async function () {
    this.timeout(wait);
    await stage?.[Symbol.asyncDispose]();
  });

  it("takes no more handles and not twice the memory after a hundred, and as many reconnects to SPIRE", async () => {
    const { pid = 0 } = await stage.manage("read");
    const costs: Cost[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // The first ones warm up what is loaded late.
      if (round % 10 === 0) costs.push(await stage.costOf(pid));
      await stage.turn("issuer", "cut");
      await waitUntil(readStatus, (status) => status?.identity.problem === undefined, wait);
      const before = (await readStatus())?.proxy.pid;
      await stage.turn("bundle", round % 2 === 0 ? "grow" : "same");
      await waitUntil(readStatus, (status) => status?.ready === true && status.proxy.pid !== undefined && status.proxy.pid !== before, wait);
    }
    costs.push(await stage.costOf(pid));
    assert.equal((await stage.manage("read")).pid, pid);
    const [, warm, ...later] = costs;
    const last = later.at(-1);
    assert.ok(warm !== undefined && last !== undefined);
    console.log(`      handles ${costs.map(({ handles }) => handles).join(" ")}; MB ${costs.map(({ bytes }) => Math.round(bytes / 1e6)).join(" ")}`);
    assert.ok(warm.handles > 0 && last.handles <= warm.handles + 5, `${last.handles} handles instead of ${warm.handles}`);
    // Resident memory also holds what was not collected yet: test/e2e/harness-endurance.test.ts looks more closely.
    assert.ok(last.bytes < 2 * warm.bytes, `${last.bytes} bytes instead of ${warm.bytes}`);
  }).timeout(20 * minutes);
});
