import assert from "node:assert/strict";
import { StopClock } from "../../src/harness/stop-clock.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";

const budgets = { grace: 20_000, unreachable: 3500 };

describe("the budget of a stop", () => {
  it("is the grace with a control plane that answers, the short one else; the first call counts", () => {
    const clock = new JumpingClock();
    const stop = new StopClock(clock, budgets);
    assert.equal(stop.left(7), 7);
    stop.begin(true);
    clock.jump(500);
    stop.begin(false);
    assert.equal(stop.left(7), 19_500);
    clock.jump(60_000);
    assert.equal(stop.left(7), 0);
    const short = new StopClock(clock, budgets);
    short.begin(false);
    assert.deepEqual([short.left(7), short.hurry()], [3500, false]);
  });

  it("is cut to the short one, counted from the beginning, when the control plane goes away meanwhile", async () => {
    const clock = new JumpingClock();
    const stop = new StopClock(clock, budgets);
    assert.equal(stop.hurry(), false);
    stop.begin(true);
    const overdue = stop.overdue();
    await clock.asleep(21_000);
    clock.jump(1000);
    assert.deepEqual([stop.hurry(), stop.left(7)], [true, 2500]);
    await clock.asleep(3500);
    clock.jump(3500);
    assert.equal(await overdue, true);
    assert.ok(clock.idle);
  });

  it("is not overdue once released, whether begun or not", async () => {
    const clock = new JumpingClock();
    const idle = new StopClock(clock, budgets);
    const waiting = idle.overdue();
    idle.release();
    assert.equal(await waiting, false);
    const begun = new StopClock(clock, budgets);
    begun.begin(true);
    const late = begun.overdue();
    await clock.asleep(21_000);
    begun.release();
    assert.equal(await late, false);
    assert.ok(clock.idle);
  });
});
