import assert from "node:assert/strict";
import fc from "fast-check";
import { renderLine } from "../../src/harness/render-line.ts";

describe("a line that others wrote", () => {
  it("is the first that says something, without what moves a terminal's cursor or reverses text", () => {
    assert.equal(renderLine("\n \t\r\n  no \u001b[31mdisk\u0007 \u202Eleft\nmore"), "no [31mdisk left");
    assert.equal(renderLine("\n\r\n"), "");
  });

  it("is cut at 1 KiB, between characters", () => {
    assert.equal(renderLine("x".repeat(5000)), "x".repeat(1024));
    assert.equal(renderLine(`x${"ü".repeat(5000)}`), `x${"ü".repeat(511)}`);
  });

  it("is always one short line, and its own", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (text) => {
      const line = renderLine(text);
      assert.ok(Buffer.byteLength(line) <= 1024);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}]/u);
      assert.equal(renderLine(line), line);
    }));
  });
});
