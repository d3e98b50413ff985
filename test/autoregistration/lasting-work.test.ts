import assert from "node:assert/strict";
import { LastingWork } from "../../src/autoregistration/lasting-work.ts";
import { whenAborted } from "../../src/base/abort.ts";
import { MeshError } from "../../src/model/errors.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";

describe("lasting work", () => {
  const [clock, log] = [new JumpingClock(), new RememberingLog()];

  it("is told when it fails, begins again after growing pauses, and is told to be well again", async () => {
    const told: unknown[] = [];
    const well = Promise.withResolvers<void>();
    const runs: Promise<unknown>[] = [];
    {
      await using work = new LastingWork({ clock, log, random: () => 0.5 });
      let attempt = 0;
      work.start({
        doing: "following the store",
        told: (error) => told.push(error?.code),
        work: async (good, signal) => {
          attempt += 1;
          if (attempt < 3) throw new MeshError("STORE_FAILED", { doing: "reading", what: "it is away" });
          if (attempt === 3) throw new TypeError("nobody foresaw this");
          good();
          good();
          well.resolve();
          runs.push(whenAborted(signal).promise.catch(() => undefined));
          await runs[0];
        },
      });
      for (const pause of [1000, 2000, 4000]) {
        await clock.asleep(pause);
        clock.jump(pause);
      }
      await well.promise;
    }
    assert.deepEqual(told, ["STORE_FAILED", "STORE_FAILED", "INTERNAL", undefined]);
    assert.deepEqual(clock.sleeps, [1000, 2000, 4000]);
    assert.deepEqual(log.lines.map(({ level }) => level), ["error", "error", "error"]);
  });

  it("ends at once while it pauses", async () => {
    const own = new JumpingClock();
    {
      await using work = new LastingWork({ clock: own, log, random: () => 0.5 });
      work.start({ doing: "x", told: () => undefined, work: () => Promise.reject(new Error("no")) });
      await own.asleep(1000);
    }
    assert.ok(own.idle);
  });
});
