import assert from "node:assert/strict";
import fc from "fast-check";
import { acceptedBy, parseOptions, type Accepted } from "../../src/cli/parse-options.ts";
import { settingFlags } from "../../src/cli/setting-flags.ts";
import { isMeshError, MeshErrors, type MeshError } from "../../src/model/errors.ts";

const accepted: Accepted = {
  command: ["try"],
  positionals: [{ name: "what", describe: "What to try", required: true, choices: ["this", "that"] }, { name: "more", describe: "More of it", required: false, rest: true }],
  options: {
    plan: { type: "boolean", describe: "Only plan" },
    count: { type: "number", describe: "How often", default: 1 },
    port: { type: "string", describe: "A port", repeat: true },
    mode: { type: "string", describe: "How", choices: ["fast", "slow"], short: "m" },
  },
};

describe("parseOptions", () => {
  for (const [line, options] of [
    ["this", { count: 1, what: "this" }],
    ["--plan that a b", { count: 1, plan: true, what: "that", more: ["a", "b"] }],
    ["this --no-plan --count 3", { count: 3, plan: false, what: "this" }],
    ["this --port a --port=b", { count: 1, port: ["a", "b"], what: "this" }],
    ["this --port a", { count: 1, port: ["a"], what: "this" }],
    ["this --mode slow --mode fast", { count: 1, mode: "fast", what: "this" }],
    ["this -m slow", { count: 1, mode: "slow", what: "this" }],
    ["-m=fast this --mode slow", { count: 1, mode: "slow", what: "this" }],
    ["this -- --plan", { count: 1, what: "this", more: ["--plan"] }],
    ["this 007", { count: 1, what: "this", more: ["007"] }],
  ] as const) {
    it(`reads '${line}'`, () => {
      assert.deepEqual(parseOptions(line.split(" "), accepted), options);
    });
  }

  for (const [line, problems] of [
    ["", ["<what> is missing: What to try"]],
    ["thsi", ["<what> takes this, that, not 'thsi'; did you mean this?"]],
    ["this --cuont 3", ["there is no option --cuont; did you mean --count?"]],
    ["this --count many", ["--count takes a number, not 'many'"]],
    ["this --count", ["Not enough arguments following: count"]],
    ["this --mode fats --x", ["--mode takes fast, slow, not 'fats'; did you mean fast?", "there is no option -x"]],
    ["this -m fats -p", ["--mode takes fast, slow, not 'fats'; did you mean fast?", "there is no option -p"]],
    ["this -mfast", ["there is no option --mfast"]],
    ["this --a.b 1 --mode=", ["there is no option --a.b", "--mode takes fast, slow, not ''"]],
  ] as const) {
    it(`tells all that is wrong with '${line}'`, () => {
      assert.throws(() => parseOptions(line === "" ? [] : line.split(" "), accepted), (error: unknown) => {
        const errors = error instanceof MeshErrors ? error.errors : [error as MeshError];
        assert.deepEqual(errors.map(({ what }) => what), problems);
        assert.ok(errors.every(({ code, remedy }) => code === "USAGE" && remedy.includes("linkerd-mesh try --help")));
        return true;
      });
    });
  }

  it("gives options or USAGE, whatever the line", () => {
    const word = fc.oneof(fc.string(), fc.constantFrom("this", "--plan", "--count", "--port", "--no-mode", "--", "-", "--__proto__", "--mode.x", "-1"));
    fc.assert(fc.property(fc.array(word), (line) => {
      try {
        assert.ok("count" in parseOptions(line, accepted));
      } catch (error) {
        assert.ok(error instanceof MeshErrors || isMeshError(error, "USAGE"), String(error));
      }
    }));
  });

  it("leaves the values of settings to the settings, which judge all sources together", () => {
    const some = acceptedBy({ name: ["try"] }, settingFlags.machine);
    assert.deepEqual(parseOptions(["--log-level", "loud", "--labels="], some), { "log-level": "loud", labels: "" });
  });
});
