import assert from "node:assert/strict";
import { AsyncQueue } from "../../src/base/async-queue.ts";

describe("AsyncQueue", () => {
  it("hands over what was pushed before and after the consumer came, in order, then ends", async () => {
    const queue = new AsyncQueue<number>();
    queue.push(1);
    const seen: number[] = [];
    const consumer = (async () => {
      for await (const item of queue) {
        seen.push(item);
        if (item < 3) queue.push(item + 1);
        else queue.end();
      }
    })();
    await consumer;
    queue.push(9);
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it("wakes a consumer that waits when it ends empty", async () => {
    const queue = new AsyncQueue<number>();
    const next = queue[Symbol.asyncIterator]().next();
    queue.end();
    assert.deepEqual(await next, { done: true, value: undefined });
  });
});
