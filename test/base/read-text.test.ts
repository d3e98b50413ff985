import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { readText } from "../../src/base/read-text.ts";

describe("readText", () => {
  it("keeps characters whole that are cut between two parts", async () => {
    const bytes = Buffer.from("grüße, 世界");
    const parts = [...bytes].map((byte) => Buffer.from([byte]));
    assert.equal(await readText(Readable.from(parts)), "grüße, 世界");
  });

  it("takes text as it is", async () => {
    assert.equal(await readText(Readable.from(["a", "b"])), "ab");
  });
});
