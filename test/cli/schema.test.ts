import assert from "node:assert/strict";
import { z } from "zod";
import { commandTable } from "../../src/cli/commands/index.ts";
import { outputSchema, toJsonSchema } from "../../src/cli/schemas.ts";
import { runInProcess } from "./in-process.ts";

interface Published {
  readonly commands: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly stderr: Readonly<Record<string, unknown>>;
}

describe("linkerd-mesh schema", () => {
  it("publishes the schema of every command that prints objects", async () => {
    const published = await readAll();
    const printing: string[] = [];
    for (const { name, load } of commandTable.entries) {
      if ((await outputSchema(await load())) !== undefined) printing.push(name.join(" "));
    }
    assert.deepEqual(Object.keys(published.commands), printing);
  });

  for (const { name, load } of commandTable.entries) {
    const words = name.join(" ");
    it(`publishes for ${words} what its objects are held against, never an array`, async () => {
      const schema = await outputSchema(await load());
      const ran = await runInProcess(["schema", ...name]);
      if (schema === undefined) return assert.equal(ran.code, 2);
      assert.deepEqual(JSON.parse(ran.stdout), toJsonSchema(schema));
      assert.throws(() => schema.parse([]));
    });

    it(`has no keys in ${words} that differ only in case, which PowerShell cannot tell apart`, async () => {
      const schema = await outputSchema(await load());
      for (const keys of listKeys(schema === undefined ? {} : toJsonSchema(schema))) {
        assert.equal(new Set(keys.map((key) => key.toLowerCase())).size, keys.length, keys.join(", "));
      }
    });
  }

  it("publishes what stderr holds under --progress json", async () => {
    const stderr = z.fromJSONSchema((await readAll()).stderr);
    stderr.parse({ type: "progress", activity: "run", status: "serving", percent: 100 });
    stderr.parse({ type: "log", level: "info", message: "hello", fields: { port: 1 } });
    stderr.parse({ type: "error", code: "USAGE", category: "usage", message: "m", hint: "h", target: "--x", item: "one" });
    for (const wrong of [{ type: "other" }, { type: "error", code: "NO_SUCH_CODE", category: "usage", message: "m", hint: "h" }, { type: "log", level: "loud", message: "m" }]) {
      assert.throws(() => stderr.parse(wrong));
    }
  });

  it("says the same with --output json", async () => {
    const ran = await runInProcess(["schema", "--output", "json"]);
    assert.deepEqual(JSON.parse(ran.stdout), await readAll());
  });

  it("of a command that does not exist is a usage error", async () => {
    assert.equal((await runInProcess(["schema", "no", "such"])).code, 2);
  });
});

async function readAll(): Promise<Published> {
  return JSON.parse((await runInProcess(["schema"])).stdout) as Published;
}

function listKeys(schema: unknown): readonly (readonly string[])[] {
  if (typeof schema !== "object" || schema === null) return [];
  const properties = "properties" in schema && typeof schema.properties === "object" && schema.properties !== null ? [Object.keys(schema.properties)] : [];
  return [...properties, ...Object.values(schema).flatMap(listKeys)];
}
