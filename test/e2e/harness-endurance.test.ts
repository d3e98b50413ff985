import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createIssuer } from "../fakes/workload-api.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { RunCommand, tellsMemory } from "./support/run-command.ts";
import { machineId, Stage } from "./support/stage.ts";

const rounds = 50;

describe("a harness that lives long", () => {
  const reason = missingForOwnNetwork();
  skipUnless("harness", reason === undefined, reason ?? "");

  it(`holds no more memory and files after ${rounds} restarts of its proxy and ${rounds} reconnects to SPIRE`, async () => {
    await using stage = await Stage.set();
    stage.openToAll();
    await using harness = new RunCommand(stage, { node: tellsMemory });
    await stage.until(({ ready }) => ready, 20_000);
    const costs: { readonly bytes: number; readonly files: number }[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      // The first one loads what is loaded late.
      if (round === 1 || round % 10 === 0) costs.push({ bytes: await harness.memory(), files: readdirSync(`/proc/${harness.pid}/fd`).length });
      await restart(stage);
      await reconnect(stage);
    }
    console.log(`      MB ${costs.map(({ bytes }) => (bytes / 1e6).toFixed(2)).join(" ")}; files ${costs.map(({ files }) => files).join(" ")}`);
    const [, warm, ...later] = costs;
    assert.ok(warm !== undefined);
    assert.ok(later.every(({ files }) => files <= warm.files), `more than ${warm.files} files`);
    // Compiled code comes and goes by some MB, what leaks stays: 100 kB a round would be seen.
    const least = Math.min(...later.slice(-3).map(({ bytes }) => bytes));
    assert.ok(least < warm.bytes + 3e6, `${least} bytes instead of ${warm.bytes}`);
    assert.equal(await harness.end("SIGTERM"), 0, harness.stderr);
    await stage.assertNothingLeft();
  }).timeout(600_000);
});

async function restart(stage: Stage): Promise<void> {
  const before = await stage.until(({ ready, proxy }) => ready && proxy.pid !== undefined);
  stage.agent.publish(await (await createIssuer()).svid(machineId));
  await stage.until(({ ready, proxy }) => ready && proxy.pid !== before.proxy.pid, 60_000);
}

async function reconnect(stage: Stage): Promise<void> {
  await stage.agent.stop();
  await stage.until(({ identity }) => identity.problem !== undefined, 60_000);
  await stage.agent.start();
  stage.openToAll();
  await stage.until(({ identity }) => identity.problem === undefined, 60_000);
}
