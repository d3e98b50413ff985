import assert from "node:assert/strict";
import fc from "fast-check";
import { logLevels, parseLogRecord, parseTime, renderLogRecord, type LogRecord } from "../../src/model/log-record.ts";

const times = fc.date({ min: new Date("2000-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true }).map((date) => date.toISOString());
const records = fc.record({
  time: times,
  level: fc.constantFrom(...logLevels),
  message: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", " two  spaces ", "a\tb", "\u{1b}[31mred", "C:\\u{9}\\x", "a\nb\r", '{"a":1}')),
}, { noNullPrototype: true }) satisfies fc.Arbitrary<LogRecord>;
const fields = fc.dictionary(fc.string({ minLength: 1 }).filter((name) => name !== "__proto__"), fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null)), { minKeys: 1, maxKeys: 4, noNullPrototype: true });
const forms = fc.constantFrom("text" as const, "json" as const);

describe("a record of the log", () => {
  it("comes back out of its line, in either form, whatever its message holds", () => {
    fc.assert(fc.property(records, fc.option(fields, { nil: undefined }), forms, (record, more, form) => {
      const whole = more === undefined ? record : { ...record, fields: more };
      const line = renderLogRecord(whole, form);
      assert.doesNotMatch(line, /[\n\r]/u, "one line");
      assert.deepEqual(parseLogRecord(line), whole);
    }));
  });

  it("lets no message play tricks on a terminal", () => {
    fc.assert(fc.property(records, fields, forms, (record, more, form) => {
      assert.doesNotMatch(renderLogRecord({ ...record, fields: more }, form).replace("\t", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }));
    assert.equal(renderLogRecord({ time: "2026-01-01T00:00:00.000Z", level: "warn", message: "a\u{1b}[2J\u{202e}" }, "text"), "2026-01-01T00:00:00.000Z warn  a\\u{1b}[2J\\u{202e}");
  });

  it("is none for lines that are neither form, and never throws", () => {
    for (const line of ["", "    at work (file.ts:3)", "{", "[]", "null", '{"time":1,"level":"info","message":""}', '{"time":"2026-01-01T00:00Z","level":"loud","message":""}', '{"time":"then","level":"info","message":""}', "2026-01-01T00:00:00Z loud x", "2026-99-01T00:00:00Z info  x", "2026-01-01T00:00:00Z info  x\t{", "2026-01-01T00:00:00Z info  x\t[1]"]) {
      assert.equal(parseLogRecord(line), undefined, line);
    }
    fc.assert(fc.property(fc.string({ unit: "binary" }), (line) => assert.doesNotThrow(() => parseLogRecord(line))));
  });

  it("gets its time in UTC, also where the line has another zone or none", () => {
    assert.equal(parseLogRecord('{"time":"2026-01-01T02:00:00+02:00","level":"info","message":"m"}')?.time, "2026-01-01T00:00:00.000Z");
    assert.equal(parseLogRecord("2026-01-01T00:00:00 info  m")?.time, new Date(2026, 0, 1).toISOString(), "this machine's time");
  });
});

describe("a time that somebody names", () => {
  it("is this machine's without a zone, also as a date alone or with a space", () => {
    assert.equal(parseTime("2026-01-31"), new Date(2026, 0, 31).getTime());
    assert.equal(parseTime("2026-01-31 08:00"), new Date(2026, 0, 31, 8).getTime());
    assert.equal(parseTime("2026-01-31T08:00:00.5"), new Date(2026, 0, 31, 8, 0, 0, 500).getTime());
    assert.equal(parseTime(" 2026-01-31T08:00Z "), Date.UTC(2026, 0, 31, 8));
  });

  it("is none where the words are no time, not even one that a browser would guess", () => {
    for (const text of ["", "yesterday", "1", "08:00", "Jan 31 2026", "2026-13-01", "2026-01-31T25:00"]) assert.equal(parseTime(text), undefined, text);
  });
});
