import assert from "node:assert/strict";
import { writeEvent, type EventCalls } from "../../../src/platform/win32/event-log.ts";

/** The log of events in memory: what it was asked, in order. */
class FakeEvents {
  readonly asked: string[] = [];
  registered = true;
  takes = true;
  readonly #texts: Buffer[] = [];

  readonly calls: EventCalls = {
    register: (machine, source) => {
      this.asked.push(`register ${machine} ${source}`);
      return this.registered ? 7n : null;
    },
    report: (source, ...[type, category, id, user, count, size, texts, data]) => {
      const text = this.#texts[Number(texts.readBigUInt64LE(0))]?.toString("utf16le") ?? "";
      this.asked.push(`report ${source} ${type} ${category} ${id} ${user} ${count} ${size} ${data} ${texts.length} ${text.length > 100 ? text.length : JSON.stringify(text)}`);
      return this.takes;
    },
    deregister: (source) => {
      this.asked.push(`deregister ${source}`);
      return true;
    },
    address: (bytes) => BigInt(this.#texts.push(bytes) - 1),
    fail: (call) => new Error(`${call} failed`),
  };
}

describe("an event in Windows' log", () => {
  it("has one text, the number of its error, its kind, and no more", () => {
    const { calls, asked } = new FakeEvents();
    writeEvent({ level: "error", number: 33, text: "taken" }, calls);
    writeEvent({ level: "warn", number: 21, text: "x".repeat(100_000) }, calls);
    assert.deepEqual(asked, [
      "register null LinkerdMesh", 'report 7 1 0 33 null 1 0 null 8 "taken\\u0000"', "deregister 7",
      "register null LinkerdMesh", "report 7 2 0 21 null 1 0 null 8 30001", "deregister 7",
    ]);
  });

  it("that is not taken is a failure of its call, and nothing stays open", () => {
    const full = new FakeEvents();
    full.takes = false;
    assert.throws(() => writeEvent({ level: "warn", number: 1, text: "" }, full.calls), /ReportEventW failed/u);
    assert.equal(full.asked.at(-1), "deregister 7");
    const away = new FakeEvents();
    away.registered = false;
    assert.throws(() => writeEvent({ level: "warn", number: 1, text: "" }, away.calls), /RegisterEventSourceW failed/u);
    assert.equal(away.asked.length, 1);
  });
});
