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
    const last = later.at(-1);
    assert.ok(warm !== undefined && last !== undefined);
    assert.ok(last.files <= warm.files, `${last.files} files instead of ${warm.files}`);
    // Compiled code comes and goes by some MB: 60 kB a round would be seen.
    assert.ok(last.bytes < warm.bytes + 60_000 * rounds, `${last.bytes} bytes instead of ${warm.bytes}`);
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
