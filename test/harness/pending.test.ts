import assert from "node:assert/strict";
import { Pending } from "../../src/harness/pending.ts";

describe("pending work", () => {
  it("is named until it ends, well or badly, also twice under one name", async () => {
    const pending = new Pending();
    const [one, two] = [Promise.withResolvers<number>(), Promise.withResolvers<never>()];
    const tracked = [pending.track("a", one.promise), pending.track("a", two.promise)] as const;
    assert.deepEqual(pending.list(), ["a", "a"]);
    one.resolve(1);
    assert.equal(await tracked[0], 1);
    assert.deepEqual(pending.list(), ["a"]);
    two.reject(new Error("bad"));
    await assert.rejects(tracked[1], /bad/);
    assert.deepEqual(pending.list(), []);
  });
});
