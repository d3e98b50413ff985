import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe(".ci/run", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "linkerd-mesh-ci-"));
    mkdirSync(join(root, ".ci"));
    cpSync(".ci/run", join(root, ".ci/run"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("shows each suite's own summary and adds all up on the last line", () => {
    const { status, stdout } = run('case "$*" in test) echo "3 passed, 0 failed, 2 skipped";; esac', "test", "lint");
    assert.equal(status, 0, stdout);
    assert.match(stdout, /√ test +\d+ s {2}exit 0 +3 passed, 0 failed, 2 skipped\n√ lint +\d+ s {2}exit 0/u);
    assert.equal(lastLine(stdout), "4 passed, 0 failed, 2 skipped");
  });

  it("runs the other suites although one fails, shows why, and fails", () => {
    const { status, stdout } = run('case "$*" in test) echo "the cause"; exit 1;; esac', "test", "lint");
    assert.equal(status, 1);
    assert.match(stdout, /the cause[\s\S]*== lint[\s\S]*× test[\s\S]*√ lint/u);
    assert.equal(lastLine(stdout), "1 passed, 1 failed, 0 skipped");
  });

  it("fails when a suite fails without counting a failure", () => {
    const { status, stdout } = run('echo "3 passed, 0 failed, 0 skipped"; exit 7', "test");
    assert.equal(status, 1);
    assert.equal(lastLine(stdout), "3 passed, 1 failed, 0 skipped");
  });

  it("sets CI and gives no input", () => {
    const { stdout } = run('echo "CI is $CI"; read -r line && echo "got $line"', "lint");
    assert.match(stdout, /CI is true/u);
    assert.doesNotMatch(stdout, /got /u);
  });

  it("calls exactly the README's commands", () => {
    const { stdout } = run('echo "npm $*"', "test", "demo");
    assert.match(stdout, /== test: npm test ==\n+npm test\n/u);
    assert.match(stdout, /== demo: npm run demo -- --output json ==\n+npm run demo -- --output json\n/u);
  });

  it("names the suites when asked for another", () => {
    const { status, stdout } = run("", "nothing");
    assert.equal(status, 2);
    assert.match(stdout, /no suite 'nothing'; the suites are: test lint/u);
  });

  function run(npm: string, ...suites: string[]): { status: number | null; stdout: string } {
    mkdirSync(join(root, "bin"));
    writeFileSync(join(root, "bin/npm"), `#!/bin/sh\n${npm}\nexit 0\n`);
    chmodSync(join(root, "bin/npm"), 0o755);
    return spawnSync("bash", [".ci/run", ...suites], { cwd: root, encoding: "utf8", input: "typed\n", env: { PATH: `${join(root, "bin")}:/usr/bin:/bin` } });
  }
});

function lastLine(text: string): string | undefined {
  return text.trimEnd().split("\n").at(-1);
}
