import assert from "node:assert/strict";
import { untilAborted } from "../../src/base/abort.ts";

describe("untilAborted", () => {
  it("gives the work's result", async () => {
    assert.equal(await untilAborted(Promise.resolve(7), new AbortController().signal), 7);
  });

  it("rejects with the reason of an abort, before or during the wait", async () => {
    const reason = new Error("stop");
    await assert.rejects(untilAborted(new Promise(() => {}), AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const wait = untilAborted(new Promise(() => {}), controller.signal);
    controller.abort(reason);
    await assert.rejects(wait, reason);
  });
});
