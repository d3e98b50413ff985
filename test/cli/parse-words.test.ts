import assert from "node:assert/strict";
import fc from "fast-check";
import type { CommandEntry, CommandTable } from "../../src/cli/command.ts";
import { childrenOf, isGroup, parseWords } from "../../src/cli/parse-words.ts";
import { isMeshError, MeshError } from "../../src/model/errors.ts";

const entries = ["overview", "run", "config show", "config set", "simulate", "simulate proxy"].map(entry);
const table: CommandTable = { entries, groups: { config: "Settings" } };

describe("parseWords", () => {
  for (const [line, name, args] of [
    ["", "overview", ""],
    ["--config x", "overview", "--config x"],
    ["run --config x", "run", "--config x"],
    ["config show", "config show", ""],
    ["config set key value", "config set", "key value"],
    ["simulate", "simulate", ""],
    ["simulate proxy --fast", "simulate proxy", "--fast"],
    ["simulate other", "simulate", "other"],
  ] as const) {
    it(`'${line}' is ${name} with '${args}'`, () => {
      const named = parseWords(split(line), table);
      assert.deepEqual([named.entry.name.join(" "), named.args.join(" ")], [name, args]);
    });
  }

  for (const [line, what] of [
    ["rnu", "linkerd-mesh has no command 'rnu'; did you mean run?"],
    ["confg show", "linkerd-mesh has no command 'confg'; did you mean config?"],
    ["config sohw", "linkerd-mesh config has no command 'sohw'; did you mean show?"],
    ["config", "linkerd-mesh config needs one more word: show, set"],
    ["config --output", "linkerd-mesh config needs one more word: show, set"],
    ["frobnicate", "linkerd-mesh has no command 'frobnicate'"],
  ] as const) {
    it(`'${line}' leads nowhere and says so`, () => {
      assert.throws(() => parseWords(split(line), table), (error: MeshError) => {
        assert.deepEqual([error.code, error.what], ["USAGE", what]);
        return true;
      });
    });
  }

  it("names a command or throws USAGE, whatever the line", () => {
    const word = fc.oneof(fc.string(), fc.constantFrom("run", "config", "show", "simulate", "proxy", "--x"));
    fc.assert(fc.property(fc.array(word), (line) => {
      try {
        const { entry: found, args } = parseWords(line, table);
        assert.ok(entries.includes(found) && args.length <= line.length);
      } catch (error) {
        assert.ok(isMeshError(error, "USAGE"));
      }
    }));
  });
});

describe("groups of commands", () => {
  it("are words that only gather commands", () => {
    assert.deepEqual([["config"], ["simulate"], ["run"], []].map((words) => isGroup(words, table)), [true, false, false, false]);
    assert.deepEqual(childrenOf(["simulate"], table).map(({ name }) => name.join(" ")), ["simulate proxy"]);
  });
});

function entry(name: string): CommandEntry {
  return { name: name.split(" "), describe: "Does it", load: () => Promise.reject(new Error("nothing is loaded to find a command")) };
}

function split(line: string): readonly string[] {
  return line === "" ? [] : line.split(" ");
}
