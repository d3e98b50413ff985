import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/build/root.ts";
import { makeBuild } from "../support/build.ts";

describe("the same sources", function () {
  this.timeout(600_000);
  let folder: string;
  before(() => {
    // It fetches what the copies below then share.
    makeBuild();
    folder = mkdtempSync(join(root, ".cache/reproducible-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("give the same bytes, whatever folder they are in", () => {
    const first = copyProject(root, join(folder, "one"));
    const second = copyProject(first, join(folder, "another/place/of/the/same"));
    assert.equal(build(first), build(second));
  });

  function copyProject(from: string, to: string): string {
    mkdirSync(join(to, ".cache"), { recursive: true });
    for (const name of ["src", "tools", "package.json", "package-lock.json", "LICENSE"]) cpSync(join(from, name), join(to, name), { recursive: true });
    execFileSync("cp", ["-al", join(from, "node_modules"), join(to, "node_modules")]);
    symlinkSync(join(root, ".cache/build"), join(to, ".cache/build"));
    return to;
  }

  function build(project: string): string {
    execFileSync(process.execPath, [join(project, "tools/build/main.ts")], { cwd: project });
    return readFileSync(join(project, "dist/SHA256SUMS"), "utf8");
  }
});
