import assert from "node:assert/strict";
import { waitUntil } from "./wait-until.ts";

describe("waitUntil", () => {
  it("gives what was wanted, after as many looks as it takes", async () => {
    let looks = 0;
    assert.equal(await waitUntil(() => ++looks, (seen) => seen === 3), 3);
  });

  it("fails with the last thing seen", async () => {
    await assert.rejects(waitUntil(() => ({ state: "backoff" }), () => false, 50), /not within 50 ms; at last: \{ state: 'backoff' \}/);
  });
});
