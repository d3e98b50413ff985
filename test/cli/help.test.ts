import assert from "node:assert/strict";
import { shapeOf } from "../../src/generate/command-shape.ts";
import { commandTable } from "../../src/cli/commands/index.ts";
import { commandShapes } from "../../src/cli/generated/shapes.ts";
import { assertGolden } from "../support/golden.ts";
import { runInProcess } from "./in-process.ts";

const groups = Object.keys(commandTable.groups);
const commands = commandTable.entries.map(({ name }) => name.join(" "));

describe("help", () => {
  for (const words of ["", ...groups, ...commands]) {
    it(`of 'linkerd-mesh ${words}' is what the reviewed file says`, async () => {
      const ran = await runInProcess([...words.split(" ").filter((word) => word !== ""), "--help"]);
      assert.deepEqual([ran.code, ran.stderr], [0, ""]);
      assertGolden(`cli/help/${words === "" ? "linkerd-mesh" : words.replaceAll(" ", "-")}.txt`, ran.stdout);
    });
  }

  it("comes by the word help too", async () => {
    assert.deepEqual(await runInProcess(["help", "config", "show"]), await runInProcess(["config", "show", "--help"]));
  });

  it("of a command that does not exist is a usage error", async () => {
    assert.equal((await runInProcess(["confg", "--help"])).code, 2);
  });
});

describe("the table of commands", () => {
  for (const { name, describe: sentence, load } of commandTable.entries) {
    it(`says of ${name.join(" ")} what the command says of itself, with an example`, async () => {
      const command = await load();
      assert.deepEqual([command.name, command.describe], [name, sentence]);
      assert.ok(command.examples.length > 0);
      assert.ok(command.examples.every(({ line }) => /\blinkerd-mesh\b/u.test(line)), "an example calls linkerd-mesh");
      assert.doesNotMatch(sentence, /\.$/u);
    });
  }

  it("is what help and completion were generated from", async () => {
    const loaded = await Promise.all(commandTable.entries.map(({ load }) => load()));
    assert.deepEqual(commandShapes, loaded.map(shapeOf), "run: node tools/run.mjs generate");
  });

  it("has a sentence for every word that only gathers commands", () => {
    const first = commandTable.entries.filter(({ name }) => name.length > 1).map(({ name }) => name[0] ?? "");
    const own = new Set(commands);
    assert.deepEqual(groups.toSorted(), [...new Set(first)].filter((word) => !own.has(word)).toSorted());
  });
});
