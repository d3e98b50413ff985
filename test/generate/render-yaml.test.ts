import assert from "node:assert/strict";
import { parse } from "yaml";
import { renderYaml } from "../../src/generate/render-yaml.ts";

describe("the YAML that we print", () => {
  for (const text of ["yes", "no", "on", "off", "y", "N", "true", "null", "~", "1_000", "0o17", "017", "0x1f", "1e3", "12:30:45", "2026-01-02", "- x", "#", "::1", "a: b", "", " ", "=", "<<"]) {
    it(`leaves the string ${JSON.stringify(text)} a string in YAML 1.1 and 1.2`, () => {
      for (const version of ["1.1", "1.2"] as const) assert.deepEqual(parse(renderYaml({ [text]: text }), { version }), { [text]: text });
    });
  }

  it("repeats an object that is there twice, and breaks no line", () => {
    const labels = { app: "a ".repeat(100).trim() };
    assert.equal(renderYaml({ a: labels, b: labels }), `a:\n  app: ${labels.app}\nb:\n  app: ${labels.app}\n`);
  });
});
