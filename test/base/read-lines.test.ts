import assert from "node:assert/strict";
import fc from "fast-check";
import { readLines } from "../../src/base/read-lines.ts";

async function* inParts(parts: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array, void, void> {
  yield* parts;
}

async function read(parts: readonly (string | Uint8Array)[], most = 100): Promise<readonly string[]> {
  const lines = [];
  for await (const line of readLines(inParts(parts), most)) lines.push(line);
  return lines;
}

describe("readLines", () => {
  it("gives the same lines however the bytes are cut", async () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\n", ""));
    await fc.assert(fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
      const bytes = new TextEncoder().encode(lines.map((one) => `${one}\n`).join(""));
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      assert.deepEqual(await read(parts, 1000), lines.map((one) => one.toWellFormed()));
    }));
  });

  it("leaves out a last line that was cut off", async () => {
    assert.deepEqual(await read(["a\n", "b"]), ["a"]);
  });

  it("does not collect a line without end", async () => {
    await assert.rejects(read(["a\n", "x".repeat(60), "x".repeat(60)]), /more than 100/u);
  });
});
