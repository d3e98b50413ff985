import assert from "node:assert/strict";
import type { PipeProblem } from "../../src/platform/host.ts";
import { sourceAt, Watch } from "./watch.ts";

const address = "\\\\.\\pipe\\spire-test";

describe("a named pipe that is not to be used", () => {
  it("is an error of its own for each reason, and is not opened", async () => {
    const expected: Readonly<Record<PipeProblem["state"], string>> = {
      missing: "SPIRE_ABSENT", denied: "SPIRE_PIPE_DENIED", busy: "SPIRE_BUSY", untrusted: "SPIRE_UNTRUSTED", failed: "SPIRE_UNAVAILABLE",
    };
    for (const [state, code] of Object.entries(expected) as [PipeProblem["state"], string][]) {
      const asked: string[] = [];
      const probePipe = (path: string): Promise<PipeProblem> => {
        asked.push(path);
        return Promise.resolve({ state, what: `it is ${state}` });
      };
      await using watch = new Watch(sourceAt(address, { probePipe }));
      const { error, retryIn } = await watch.trouble();
      assert.deepEqual([error.code, error.what, error.target, asked], [code, `it is ${state}`, address, [address]]);
      assert.ok(retryIn > 0);
    }
  });

  it("is looked at only when it is a pipe", async () => {
    const probePipe = (): Promise<PipeProblem> => Promise.reject(new Error("nobody should ask"));
    await using watch = new Watch(sourceAt("unix:///nowhere/at/all.sock", { probePipe }));
    assert.equal((await watch.trouble()).error.code, "SPIRE_ABSENT");
  });
});
