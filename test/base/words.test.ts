import assert from "node:assert/strict";
import { parseCamelCase, renderConstantCase, renderKebabCase, renderPascalCase } from "../../src/base/words.ts";

describe("words", () => {
  it("turns one name into every surface's spelling", () => {
    const words = parseCamelCase("spireSocketAddr");
    assert.deepEqual(words, ["spire", "socket", "addr"]);
    assert.equal(renderKebabCase(words), "spire-socket-addr");
    assert.equal(renderConstantCase(words), "SPIRE_SOCKET_ADDR");
    assert.equal(renderPascalCase(words), "SpireSocketAddr");
  });
});
