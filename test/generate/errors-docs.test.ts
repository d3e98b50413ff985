import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { renderErrorsDocs } from "../../src/generate/errors-docs.ts";
import { errorCatalogue } from "../../src/model/error-catalogue.ts";

describe("docs/errors.md", () => {
  it("has a section for every code and for nothing else", () => {
    const sections = [...readFileSync("docs/errors.md", "utf8").matchAll(/^## (?<code>.*)$/gmu)].map(({ groups }) => groups?.["code"]);
    assert.deepEqual(sections, Object.keys(errorCatalogue).toSorted(), "run: node tools/run.mjs generate");
  });

  it("tells of each code what is the case, its exit code and the next step", () => {
    const docs = renderErrorsDocs({ ONE_CODE: { category: "usage", exit: 2, title: "It was not understood.", remedy: "Say it again." } });
    assert.ok(docs.endsWith("## ONE_CODE\n\nIt was not understood.\n\n- Category: usage\n- Exit code: 2 (usage or settings)\n- What to do next: Say it again.\n"));
  });
});

describe("the catalogue of errors", () => {
  for (const [code, { title, remedy }] of Object.entries(errorCatalogue)) {
    it(`has whole sentences for ${code}`, () => {
      assert.match(code, /^[A-Z]+(?:_[A-Z0-9]+)*$/u);
      assert.match(title, /^\S.*\.$/u);
      assert.match(remedy, /^\S.*\.$/u);
    });
  }
});
