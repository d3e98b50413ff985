import assert from "node:assert/strict";
import { freshBreaker, isSuspended, judgeMassExpiry, type BreakerMemory, type Silent } from "../../src/autoregistration/judge-mass-expiry.ts";

/** Machines a0, a1, … of a group. */
const machines = (group: string, from: number, to: number): readonly Silent[] => Array.from({ length: to - from }, (_, index) => ({ id: `${group}${from + index}`, group }));

/** One round: how many expired and what tripped, as text, and the memory for the next. */
function round(silent: readonly Silent[], counts: Readonly<Record<string, number>>, at: { readonly now: number; readonly memory?: BreakerMemory }): { readonly text: string; readonly memory: BreakerMemory } {
  const { expire, tripped, memory } = judgeMassExpiry({ silent, counts: new Map(Object.entries(counts)), window: 40_000, now: at.now }, at.memory ?? freshBreaker);
  return { text: [`${expire.size} expire`, ...tripped.map(({ scope, silent: count, of }) => `${scope} ${count} of ${of}`)].join("; "), memory };
}

// Silent machines, living leases of each group (the silent included), and what comes of it.
const table: readonly (readonly [string, readonly Silent[], Readonly<Record<string, number>>, string])[] = [
  ["nobody silent", [], { a: 10 }, "0 expire"],
  ["fewer than five, though all of them", machines("a", 0, 4), { a: 4 }, "4 expire"],
  ["five, though all of them are one group of a small fleet", machines("a", 0, 5), { a: 5 }, "0 expire; everything 5 of 5"],
  ["half of a group", machines("a", 0, 5), { a: 10, b: 90 }, "5 expire"],
  ["more than half of a group", machines("a", 0, 6), { a: 11, b: 90 }, "0 expire; a 6 of 11"],
  ["more than half of one group, and a few of another", [...machines("a", 0, 6), ...machines("b", 0, 2)], { a: 11, b: 90 }, "2 expire; a 6 of 11"],
  ["a third of all, spread thinly", [...machines("a", 0, 33), ...machines("b", 0, 33)], { a: 100, b: 100 }, "66 expire"],
  ["more than a third of all, spread thinly", [...machines("a", 0, 34), ...machines("b", 0, 33)], { a: 100, b: 100 }, "0 expire; everything 67 of 200"],
];

describe("judgeMassExpiry", () => {
  for (const [title, silent, counts, wanted] of table) it(`${title}: ${wanted}`, () => assert.equal(round(silent, counts, { now: 0 }).text, wanted));

  it("sees a slow landslide within one lease, and forgets after it", () => {
    const first = round(machines("a", 0, 4), { a: 8, b: 90 }, { now: 0 });
    assert.equal(round(machines("a", 4, 6), { a: 4, b: 90 }, { now: 39_999, memory: first.memory }).text, "0 expire; a 6 of 8");
    assert.equal(round(machines("a", 4, 6), { a: 4, b: 90 }, { now: 40_000, memory: first.memory }).text, "2 expire");
  });

  it("expires nobody of the group for five minutes, then those who were silent throughout, without counting them again", () => {
    const tripped = round(machines("a", 0, 6), { a: 11, b: 90 }, { now: 1000 });
    const during = round([...machines("a", 1, 7), ...machines("b", 0, 1)], { a: 11, b: 90 }, { now: 300_999, memory: tripped.memory });
    assert.equal(during.text, "1 expire");
    assert.ok(isSuspended(during.memory.suspensions, "a", 300_999) && !isSuspended(during.memory.suspensions, "b", 300_999));
    // a0 was heard again meanwhile and is silent anew; a6 became silent during the pause: both count afresh, too few to trip.
    const after = round(machines("a", 0, 7), { a: 11, b: 90 }, { now: 301_000, memory: during.memory });
    assert.equal(after.text, "7 expire");
    assert.ok(!isSuspended(after.memory.suspensions, "a", 301_000));
    assert.equal(after.memory.past.filter(({ group }) => group === "a").length, 2);
    // Somebody was faster than the write: the proven are proven in the next round too.
    assert.equal(round(machines("a", 0, 7), { a: 11, b: 90 }, { now: 306_000, memory: after.memory }).text, "7 expire");
  });

  it("trips again for others, but lets those expire whose time has come", () => {
    const tripped = round(machines("a", 0, 6), { a: 11, b: 90 }, { now: 0 });
    const again = round(machines("a", 0, 11), { a: 11, b: 90 }, { now: 300_000, memory: tripped.memory });
    assert.equal(again.text, "6 expire; a 5 of 5");
    const worse = round([...machines("a", 0, 6), ...machines("b", 0, 60)], { a: 11, b: 90 }, { now: 300_000, memory: tripped.memory });
    assert.equal(worse.text, "6 expire; everything 60 of 95");
  });

  it("does not trip over what it let through, when others leave in good order", () => {
    const few = round(machines("a", 0, 5), { a: 100 }, { now: 0 });
    assert.equal(round([], { a: 4 }, { now: 5000, memory: few.memory }).text, "0 expire");
  });

  it("holds back everybody while everything is suspended", () => {
    const tripped = round(machines("b", 0, 60), { a: 11, b: 90 }, { now: 0 });
    assert.equal(tripped.text, "0 expire; everything 60 of 101");
    assert.equal(round([...machines("b", 0, 60), ...machines("a", 0, 1)], { a: 11, b: 90 }, { now: 299_999, memory: tripped.memory }).text, "0 expire");
    assert.equal(round(machines("b", 0, 60), { a: 11, b: 90 }, { now: 300_000, memory: tripped.memory }).text, "60 expire");
  });

  it("remembers nothing when all have come back", () => {
    const tripped = round(machines("a", 0, 6), { a: 11, b: 90 }, { now: 0 });
    const back = round([], { a: 11, b: 90 }, { now: 300_000, memory: tripped.memory });
    assert.deepEqual([back.memory.past.length, back.memory.suspensions.size], [0, 0]);
  });
});
