import assert from "node:assert/strict";
import fc from "fast-check";
import { beginningBytes, logFileNames, parseBeginning, partOf, planArchive, planBeginning } from "../../src/model/log-files.ts";
import { renderLogRecord } from "../../src/model/log-record.ts";

const time = "2026-01-01T00:00:00.000Z";

describe("the files of a log", () => {
  it("say in their first line, which is short, what part of the log they hold", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.constantFrom("text" as const, "json" as const), fc.string(), (part, form, after) => {
      const beginning = renderLogRecord(planBeginning(part, time), form);
      assert.ok(Buffer.byteLength(beginning) < beginningBytes);
      assert.equal(parseBeginning(`${beginning}\n${after}`), part);
      assert.equal(parseBeginning(beginning), 0, "a line that is torn says nothing");
    }));
  });

  it("hold no known part when somebody else wrote them", () => {
    for (const text of ["", "\n", "hello\n", '{"logPart":3}\n', '{"time":"2026-01-01T00:00Z","level":"info","message":"m","fields":{"logPart":"3"}}\n']) assert.equal(parseBeginning(text), 0, text);
    assert.equal(partOf({ time, level: "info", message: "m", fields: { logPart: -1 } }), undefined);
  });

  it("give up the oldest for a full part, and never two for one", () => {
    assert.equal(planArchive(1, [0, 0, 0, 0]), logFileNames[1]);
    assert.equal(planArchive(4, [3, 0, 1, 2]), logFileNames[2], "an empty one before any other");
    assert.equal(planArchive(9, [7, 8, 5, 6]), logFileNames[3]);
    assert.equal(planArchive(9, [7, 9, 5, 6]), logFileNames[2], "a copy that was interrupted is made again in its place");
    assert.equal(planArchive(0, [7, 0, 5, 6]), logFileNames[2], "what somebody else wrote is put away like any other");
  });

  it("hold the last five parts after any number of them", () => {
    fc.assert(fc.property(fc.integer({ min: 5, max: 60 }), (most) => {
      const others = [0, 0, 0, 0];
      for (let part = 1; part < most; part += 1) others[(logFileNames as readonly string[]).indexOf(planArchive(part, others)) - 1] = part;
      assert.deepEqual(others.toSorted((one, other) => one - other), [4, 3, 2, 1].map((back) => most - back));
    }));
  });
});
