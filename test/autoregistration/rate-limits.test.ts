import assert from "node:assert/strict";
import fc from "fast-check";
import { RateLimits, type Caller } from "../../src/autoregistration/rate-limits.ts";
import { isFull, takeToken, type Bucket, type Rate } from "../../src/autoregistration/token-bucket.ts";

const rate: Rate = { perSecond: 0.2, burst: 3 };

describe("takeToken", () => {
  it("lets a burst through, then tells the exact time of the next", () => {
    let bucket: Bucket | undefined;
    const waits = [0, 0, 0, 0, 4000, 5000, 5000, 60_000, 60_000, 60_000, 60_000].map((now) => {
      const take = takeToken(bucket, rate, now);
      bucket = take.bucket;
      return take.wait;
    });
    assert.deepEqual(waits, [0, 0, 0, 5000, 1000, 0, 5000, 0, 0, 0, 5000]);
  });

  it("lets a caller through who waits as told, and never one who comes a millisecond early", () => {
    const rates = fc.record({ perSecond: fc.double({ min: 0.01, max: 1000, noNaN: true }), burst: fc.integer({ min: 1, max: 20 }) });
    fc.assert(fc.property(rates, fc.array(fc.nat(3000), { maxLength: 30 }), (limit, gaps) => {
      let now = 0;
      let bucket: Bucket | undefined;
      for (const gap of gaps) ({ bucket } = takeToken(bucket, limit, (now += gap)));
      const { wait } = takeToken(bucket, limit, now);
      assert.equal(takeToken(bucket, limit, now + wait).wait, 0);
      if (wait > 1) assert.ok(takeToken(bucket, limit, now + wait - 2).wait > 0);
    }));
  });

  it("gives nothing for a clock that goes backwards", () => {
    assert.equal(takeToken({ tokens: 0, at: 9000 }, rate, 0).wait, 5000);
    assert.ok(!isFull({ tokens: 2, at: 9000 }, rate, 0) && isFull({ tokens: 2, at: 0 }, rate, 5000));
  });
});

describe("RateLimits", () => {
  const caller: Caller = { identity: "spiffe://td/a", instanceId: "i", kind: "register" };

  it("bound each machine by itself, and its renewals apart from its registrations", () => {
    const limits = new RateLimits();
    assert.deepEqual([1, 2, 3, 4].map(() => limits.take(caller, 0)), [0, 0, 0, 5000]);
    assert.equal(limits.take({ ...caller, kind: "renew" }, 0), 0);
    assert.equal(limits.take({ ...caller, instanceId: "j" }, 0), 0);
    assert.equal(limits.take({ ...caller, identity: "spiffe://td/b" }, 0), 0);
  });

  it("bound an identity however many instances it claims, and everybody together", () => {
    const limits = new RateLimits({ register: wide, renew: wide, identity: { perSecond: 1, burst: 2 }, all: { perSecond: 2, burst: 3 } });
    const take = (identity: string, instanceId: string): number => limits.take({ identity, instanceId, kind: "renew" }, 0);
    assert.deepEqual([take("a", "1"), take("a", "2"), take("a", "3"), take("b", "1"), take("b", "2"), take("c", "1")], [0, 0, 1000, 0, 500, 1000]);
  });

  const wide = { perSecond: 1e6, burst: 1e6 };

  it("give each of a crowd a turn of its own: who comes when told to is let through, and nobody waits longer than half a minute", () => {
    const limits = new RateLimits({ register: wide, renew: wide, identity: { perSecond: 100, burst: 1000 }, all: wide });
    const take = (index: number, now: number): number => limits.take({ ...caller, instanceId: String(index) }, now);
    const waits = Array.from({ length: 3000 }, (_, index) => take(index, 0));
    assert.equal(waits.filter((wait) => wait === 0).length, 1000);
    assert.equal(new Set(waits).size, 2001, "no two at once");
    assert.deepEqual(waits.map((wait, index) => (wait === 0 ? 0 : take(index, wait))), waits.map(() => 0));
    const crowd = Array.from({ length: 6000 }, (_, index) => take(10_000 + index, 60_000));
    assert.equal(Math.max(...crowd), 30_000);
    assert.equal(take(50_000, 190_000), 0);
    assert.deepEqual([take(50_000, 260_000), limits.size], [0, 3], "turns that are over are forgotten, too");
  });

  it("let nobody in between those who wait for their turn, nor back by asking again", () => {
    for (const scarce of ["identity", "all"] as const) {
      const limits = new RateLimits({ register: wide, renew: wide, identity: wide, all: wide, [scarce]: { perSecond: 1, burst: 1 } });
      const take = (instanceId: string, now: number): number => limits.take({ ...caller, instanceId }, now);
      assert.deepEqual([take("a", 0), take("b", 0), take("c", 0)], [0, 1000, 2000]);
      assert.deepEqual([take("c", 500), take("c", 500), take("c", 1200)], [1500, 1500, 800], "the impatient keep their turn");
      assert.equal(take("new", 1500), 1500, "after those who wait, though there is a token");
      assert.deepEqual([take("b", 1600), take("c", 2600), take("new", 3600)], [0, 0, 0]);
      assert.equal(take("a", 5000), 0);
    }
  });

  it("serve all of many more machines than there are calls for, one as often as the other", () => {
    const limits = new RateLimits({ register: wide, renew: wide, identity: { perSecond: 10, burst: 20 }, all: wide });
    // Three hundred that would come every ten seconds, and come when they are told to, or a little later.
    const due = new Map(Array.from({ length: 300 }, (_, index) => [index, index * 33]));
    const served = new Map<number, number[]>();
    for (let now = 0; now < 300_000; now += 10) {
      for (const [index, at] of due) {
        if (at > now) continue;
        const wait = limits.take({ ...caller, instanceId: String(index) }, now);
        if (wait === 0) served.set(index, [...(served.get(index) ?? []), now]);
        due.set(index, now + (wait === 0 ? 10_000 : Math.max(1000, wait) + (index % 7) * 30));
      }
    }
    const gaps = [...served.values()].flatMap((times) => times.slice(1).map((time, index) => time - (times[index] ?? 0)));
    assert.equal(served.size, 300);
    assert.ok(Math.max(...gaps) < 40_000 && Math.min(...gaps) >= 10_000, `${Math.min(...gaps)} to ${Math.max(...gaps)} ms`);
  });

  it("forget nobody who is still limited, and no turn that is still to come, when they forget the others", () => {
    const narrow = { perSecond: 0.01, burst: 1 };
    const own = new RateLimits({ register: narrow, renew: wide, identity: wide, all: wide });
    assert.deepEqual([own.take(caller, 59_000), own.take(caller, 60_000), own.take(caller, 61_000)], [0, 99_000, 98_000]);
    const shared = new RateLimits({ register: wide, renew: wide, identity: { perSecond: 0.1, burst: 1 }, all: wide });
    const take = (instanceId: string, now: number): number => shared.take({ ...caller, instanceId }, now);
    assert.deepEqual([take("a", 59_000), take("b", 59_000), take("c", 59_000), take("d", 60_000), take("e", 61_000)], [0, 10_000, 20_000, 29_000, 30_000]);
  });

  it("remember nobody who was quiet for a while", () => {
    const limits = new RateLimits();
    for (let index = 0; index < 100; index += 1) limits.take({ ...caller, instanceId: String(index) }, 0);
    assert.equal(limits.size, 102);
    limits.take(caller, 70_000);
    assert.equal(limits.size, 3);
  });
});
