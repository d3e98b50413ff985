import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { listMutants } from "../../tools/mutants.ts";

describe("listMutants", () => {
  const cases: [source: string, changes: string[]][] = [
    ["const a = b === c;", ["=== → !=="]],
    ["const a = b < c && d >= e;", ["&& → ||", "< → <=", ">= → >"]],
    ["if (a) b();", ["a → true", "a → false", "b(); → ;"]],
    ["const a = b ? 1 : 2;", ["b → true", "b → false"]],
    ["const a = !b;", ["!b → b"]],
    ["const a = { kept: true }; type A = { kept: true };", ["true → false"]],
    ["const a = () => [b];", ["[b] → []"]],
    ["const a = b.filter(c);", ["b.filter(c) → b"]],
    ["interface A { b: true } const c = d(e);", []],
  ];
  for (const [source, changes] of cases) {
    it(`of ${source}`, () => {
      assert.deepEqual(listMutants("a.ts", source).map(({ change }) => change), changes);
    });
  }

  it("says what to replace, so that the rest of the file stays", () => {
    const source = "const a = 1;\nconst b = a > 0;";
    const [mutant] = listMutants("a.ts", source);
    assert.ok(mutant);
    assert.equal(`${source.slice(0, mutant.start)}${mutant.text}${source.slice(mutant.end)}`, "const a = 1;\nconst b = a >= 0;");
    assert.equal(mutant.line, 2);
  });
});

describe("mutant-hook", () => {
  it("gives the mutant in the place of its file, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "linkerd-mesh-mutant-"));
    try {
      const file = join(folder, "a.ts");
      const source = "export const a: boolean = 1 < 1;\n";
      writeFileSync(file, source);
      const print = `import { a } from ${JSON.stringify(pathToFileURL(file).href)}; console.log(a);`;
      const run = (environment: Record<string, string>): string =>
        execFileSync(process.execPath, ["--import", "./tools/mutant-hook.mjs", "--input-type=module", "-e", print], { encoding: "utf8", env: environment });
      assert.equal(run({}), "false\n");
      assert.equal(run({ MUTANT: JSON.stringify(listMutants(file, source)[0]) }), "true\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
