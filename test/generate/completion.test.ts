import assert from "node:assert/strict";
import { planCompletion } from "../../src/generate/completion.ts";
import type { CommandLineShape } from "../../src/generate/command-shape.ts";

const shape: CommandLineShape = {
  groups: { config: "Settings" },
  globals: { help: { type: "boolean", describe: "Help" } },
  settings: { machine: {}, server: {}, both: {} },
  commands: [
    { name: ["config", "show"], describe: "Show them", takesSettings: "machine", examples: [], options: { file: { type: "string", value: "file", describe: "A file" } } },
    { name: ["simulate", "proxy"], describe: "A proxy", examples: [] },
    { name: ["simulate"], describe: "A mesh", examples: [], positionals: [{ name: "what", describe: "Which part", required: false, choices: ["issuer"] }] },
  ],
};

describe("planCompletion", () => {
  it("has a place for every beginning of a command's name", () => {
    assert.deepEqual(planCompletion(shape).map(({ path }) => path), ["", "config", "config show", "simulate", "simulate proxy"]);
  });

  it("offers each word once, with the command's sentence before the group's", () => {
    assert.deepEqual(planCompletion(shape)[0]?.words, [{ word: "config", describe: "Settings" }, { word: "simulate", describe: "A mesh" }]);
  });

  it("offers commands below a command beside the choices of its first word", () => {
    assert.deepEqual(planCompletion(shape)[3]?.words.map(({ word }) => word), ["proxy", "issuer"]);
  });

  it("knows what follows a flag", () => {
    assert.deepEqual(planCompletion(shape)[2]?.flags.map(({ word, value }) => [word, value]), [["--file", "file"], ["--help", "none"]]);
  });
});
