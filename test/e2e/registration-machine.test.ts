import assert from "node:assert/strict";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { assertEndsCleanly } from "./support/endings.ts";
import { RegistrationServiceOnStage } from "./support/registration-service.ts";
import { machineId, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();

/** So many more renewals are heard; the machine's time runs ahead. */
async function heardAgain(stage: Stage, { calls }: RegistrationServiceOnStage, more: number): Promise<void> {
  const before = calls.length;
  const ahead = (): number => {
    stage.clock.leap(200);
    return calls.length;
  };
  await waitUntil(ahead, (count) => count >= before + more);
}

async function assertReadyThere(service: RegistrationServiceOnStage): Promise<void> {
  const seen = await waitUntil(() => service.workloads(), ([line]) => line?.includes(" True ") === true);
  assert.deepEqual(seen, [`${machineId} True Serving`]);
}

describe("a harness that registers, and its faults", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(40_000);

  for (const minutes of [5, -5]) {
    it(`whose clock is ${minutes} minutes off, and then as much the other way: registered, ready and heard throughout`, async () => {
      await using stage = await Stage.set();
      await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
      stage.clock.offset = minutes * 60_000;
      await stage.serving(service.settings);
      await assertReadyThere(service);
      for (const offset of [-minutes, minutes]) {
        stage.clock.offset = offset * 60_000;
        await heardAgain(stage, service, 2);
        const { ready, registration } = await stage.until(({ registration: { lease } }) => lease?.state === "held");
        assert.deepEqual([ready, registration.good, registration.problem], [true, true, undefined]);
      }
      await assertReadyThere(service);
      assert.deepEqual(service.calls.filter((call) => call === "register"), ["register"]);
      await assertEndsCleanly(stage);
    });
  }

  it("whose SVID is rotated again and again while it renews: one registration, no renewal refused, ready throughout", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await stage.serving(service.settings);
    await assertReadyThere(service);
    for (let rotation = 0; rotation < 3; rotation += 1) {
      stage.agent.publish(await stage.issuer.svid(machineId));
      await heardAgain(stage, service, 1);
      assert.equal((await stage.status())?.registration.problem, undefined);
    }
    await assertReadyThere(service);
    assert.deepEqual(service.calls.filter((call) => call === "register"), ["register"]);
    await assertEndsCleanly(stage);
  });
});
