import assert from "node:assert/strict";
import { Bell } from "../../src/base/bell.ts";

describe("Bell", () => {
  it("tells everybody who took its signal before, once, and nobody who takes it after", () => {
    const bell = new Bell();
    const [one, two] = [bell.next, bell.next];
    assert.equal(one, two);
    bell.ring();
    const after = bell.next;
    assert.deepEqual([one.aborted, after.aborted], [true, false]);
    bell.ring();
    assert.deepEqual([after.aborted, bell.next.aborted], [true, false]);
  });

  it("misses nothing that rings between the look and the wait, also from within a listener", () => {
    const bell = new Bell();
    const seen: boolean[] = [];
    const first = bell.next;
    first.addEventListener("abort", () => {
      const next = bell.next;
      bell.ring();
      seen.push(next.aborted);
    });
    bell.ring();
    assert.deepEqual([seen, bell.next.aborted], [[true], false]);
  });

  it("rings with one reason, made once", () => {
    const bell = new Bell();
    const [first] = [bell.next];
    bell.ring();
    const second = bell.next;
    bell.ring();
    assert.ok(first.reason instanceof Error);
    assert.equal(first.reason, second.reason);
  });
});
