import assert from "node:assert/strict";
import { TakeTurns } from "../../src/autoregistration/take-turns.ts";

const { signal } = new AbortController();

describe("TakeTurns", () => {
  it("lets one at a time hold a key, in order, and does not hold back who wants another", async () => {
    const turns = new TakeTurns();
    const order: string[] = [];
    const first = await turns.take(["a", "b"], signal);
    const later = ["a", "b", "c"].map(async (key) => {
      await using _turn = await turns.take([key], signal);
      order.push(key);
    });
    await later[2];
    assert.deepEqual(order, ["c"]);
    await first[Symbol.asyncDispose]();
    await Promise.all(later);
    assert.deepEqual(order, ["c", "a", "b"]);
  });

  it("keeps the order when somebody gives up waiting", async () => {
    const turns = new TakeTurns();
    const order: string[] = [];
    const first = await turns.take(["a"], signal);
    const stop = new AbortController();
    const impatient = assert.rejects(turns.take(["a"], stop.signal), /no time/u);
    stop.abort(new Error("no time"));
    await impatient;
    const next = turns.take(["a"], signal).then(() => order.push("next"));
    order.push("first leaves");
    await first[Symbol.asyncDispose]();
    await next;
    assert.deepEqual(order, ["first leaves", "next"]);
  });
});
