import assert from "node:assert/strict";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { Stage } from "./support/stage.ts";

describe("a harness, from start to stop", function () {
  const reason = missingForOwnNetwork();
  skipUnless("harness", reason === undefined, reason ?? "");

  it("joins, is ready, redirects, and leaves nothing", async () => {
    await using stage = await Stage.set();
    const status = await stage.serving();
    assert.deepEqual([status.state, stage.inForce()], ["serving", "redirect"]);
    assert.ok(await stage.stop() < 5000);
    await stage.assertNothingLeft();
  });
});
