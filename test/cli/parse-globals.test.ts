import assert from "node:assert/strict";
import fc from "fast-check";
import { parseGlobals } from "../../src/cli/parse-globals.ts";

describe("parseGlobals", () => {
  it("takes the flags of every command out of the line, wherever they stand", () => {
    const { output, progress, help, rest } = parseGlobals(["--output", "json", "config", "show", "--progress=none", "--config", "x", "-h"]);
    assert.deepEqual({ output, progress, help, rest }, { output: "json", progress: "none", help: true, rest: ["config", "show", "--config", "x"] });
  });

  it("has text, auto and nothing else without flags", () => {
    assert.deepEqual(parseGlobals([]), { output: "text", progress: "auto", help: false, version: false, rest: [], problems: [] });
  });

  it("leaves what follows -- alone", () => {
    assert.deepEqual(parseGlobals(["run", "--", "--help"]).rest, ["run", "--", "--help"]);
  });

  it("lets the last of several win", () => {
    assert.equal(parseGlobals(["--output", "json", "--output", "text"]).output, "text");
  });

  it("reports every wrong value and still says in which form", () => {
    const { problems, progress } = parseGlobals(["--output", "jsn", "--progress", "json", "--progress"]);
    assert.equal(progress, "json");
    assert.deepEqual(problems.map(({ what }) => what), [
      "--output takes text, json, not 'jsn'; did you mean json?",
      "--progress needs a value: auto, plain, json, none",
    ]);
  });

  it("never throws and never invents a word", () => {
    fc.assert(fc.property(fc.array(fc.string()), (line) => {
      const { rest } = parseGlobals(line);
      assert.ok(rest.every((word) => line.includes(word)));
    }));
  });
});
