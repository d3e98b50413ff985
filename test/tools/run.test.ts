import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const lock = { packages: { "": {}, "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0", optional: true } } };

describe("tools/run.mjs", () => {
  let root = "";
  beforeEach(() => {
    root = makeClone();
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("names its tasks when asked for another", () => {
    const { status, stderr } = run(root, ["nothing"]);
    assert.equal(status, 2);
    assert.match(stderr, /no task 'nothing'; the tasks are: demo, mesh, test, ok/u);
  });

  it("installs once, keeps npm's words off stdout, and then runs the task with its arguments", () => {
    const first = run(root, ["mesh", "one", "--two"]);
    assert.deepEqual({ status: first.status, stdout: first.stdout }, { status: 0, stdout: 'main ["one","--two"]\n' });
    assert.match(first.stderr, /installing packages[\s\S]*npm says hello/u);
    assert.equal(run(root, ["mesh"]).stderr, "");
  });

  it("installs again when the lock file asks for another version, not when an optional package is absent", () => {
    run(root, ["mesh"]);
    writeLock(root, { packages: { ...lock.packages, "node_modules/c": { version: "1.0.0", optional: true } } });
    assert.equal(run(root, ["mesh"]).stderr, "");
    writeLock(root, { packages: { ...lock.packages, "node_modules/a": { version: "2.0.0" } } });
    assert.match(run(root, ["mesh"]).stderr, /installing packages/u);
  });

  it("installs once when two start together", async () => {
    const ends = await Promise.all([runBeside(root, ["mesh"]), runBeside(root, ["mesh"])]);
    assert.deepEqual(ends, [0, 0]);
    assert.equal(readFileSync(join(root, "npm-runs"), "utf8"), "ci\n");
    assert.equal(existsSync(join(root, ".cache/install.lock")), false);
  });

  it("takes over the lock of an install that was killed", () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    mkdirSync(join(root, ".cache/install.lock"), { recursive: true });
    writeFileSync(join(root, ".cache/install.lock/pid"), String(dead));
    assert.equal(run(root, ["mesh"]).status, 0);
  });

  it("says what to do when npm is missing or cannot reach its registry", () => {
    const missing = run(root, ["mesh"], { PATH: join(root, "nowhere") });
    assert.equal(missing.status, 3);
    assert.match(missing.stderr, /npm was not found; it comes with Node/u);
    const away = run(root, ["mesh"], { NPM_STATUS: "1" });
    assert.equal(away.status, 3);
    assert.match(away.stderr, /could not install the packages[\s\S]*needs the network once/u);
  });

  it("runs every step although one fails, adds up the counts on the last line and fails", () => {
    stub(root, "node_modules/typescript/bin/tsc", "process.exitCode = 1;");
    stub(root, "node_modules/mocha/bin/mocha.js", 'require("fs").writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: 5, failed: 0, skipped: 2 }));');
    stub(root, "tools/generate.ts", "");
    const { status, stdout } = run(root, ["test"]);
    assert.equal(status, 1);
    assert.match(stdout, /× types[\s\S]*√ drift[\s\S]*√ tests/u);
    assert.equal(stdout.trimEnd().split("\n").at(-1), "6 passed, 1 failed, 2 skipped");
  });

  it("gives the files after -- to the tests alone", () => {
    stub(root, "node_modules/mocha/bin/mocha.js", "console.log(process.argv.slice(-2).join(' '));");
    assert.match(run(root, ["test", "test/a.test.ts", "--bail"]).stdout, /^test\/a\.test\.ts --bail\n$/u);
  });

  it("says which Node is needed on a host that is too old to start, or that nothing is pinned for", () => {
    const old = run(root, ["mesh"], pretend({ node: "18.20.0" }));
    assert.deepEqual({ status: old.status, said: /Node 18\.20\.0; Node >= 20 is needed/u.test(old.stderr) }, { status: 3, said: true });
    const unpinned = run(root, ["mesh"], pretend({ node: "20.0.0", platform: "sunos" }));
    assert.deepEqual({ status: unpinned.status, said: /no Node is pinned for sunos[\s\S]*install Node >= 24/u.test(unpinned.stderr) }, { status: 3, said: true });
  });

  it("runs on the host's own Node where none is pinned and it is new enough", () => {
    const { status, stdout } = run(root, ["mesh"], pretend({ node: "24.0.0", platform: "sunos" }));
    assert.deepEqual({ status, stdout }, { status: 0, stdout: "main []\n" });
  });

  it("passes a signal on and ends as the child does", async () => {
    run(root, ["mesh"]);
    stub(root, "src/main.ts", 'process.on("SIGTERM", () => { clearInterval(timer); process.exitCode = 7; }); const timer = setInterval(() => {}, 1000); console.log("up");');
    const child = spawn(process.execPath, ["tools/run.mjs", "mesh"], { cwd: root, env: environment(root), stdio: ["ignore", "pipe", "ignore"] });
    await once(createInterface({ input: child.stdout }), "line");
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [7, null]);
  });

  // Options for a Node that says it is another one.
  function pretend({ node, platform = process.platform }: { node: string; platform?: string }): Record<string, string> {
    const file = join(root, "pretend.cjs");
    writeFileSync(file, [
      `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } });`,
      `Object.defineProperty(process, "platform", { value: "${platform}" });`,
    ].join("\n"));
    return { NODE_OPTIONS: `--require=${file}` };
  }
});

// The launcher in a small clone of its own, with an npm that only writes down that it ran.
function makeClone(): string {
  const root = mkdtempSync(join(tmpdir(), "linkerd-mesh-run-"));
  mkdirSync(join(root, "tools"));
  for (const name of ["run", "install", "node", "steps", "tasks", "counts"]) cpSync(`tools/${name}.mjs`, join(root, "tools", `${name}.mjs`));
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  mkdirSync(join(root, "bin"));
  symlinkSync(process.execPath, join(root, "bin/node"));
  writeFileSync(join(root, "bin/npm"), [
    "#!/bin/sh", 'echo "npm says hello"', '[ "${NPM_STATUS:-0}" = 0 ] || exit "$NPM_STATUS"', 'echo "$1" >> npm-runs',
    "/bin/mkdir -p node_modules", "/bin/cp package-lock.json node_modules/.package-lock.json", "",
  ].join("\n"));
  chmodSync(join(root, "bin/npm"), 0o755);
  writeLock(root, lock);
  stub(root, "src/main.ts", 'console.log("main", JSON.stringify(process.argv.slice(2)));');
  return root;
}

function writeLock(root: string, value: unknown): void {
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(value));
}

function stub(root: string, path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  if (path.startsWith("node_modules/")) writeFileSync(join(root, "node_modules/package.json"), '{"type":"commonjs"}');
  writeFileSync(join(root, path), text);
}

function environment(root: string): Record<string, string> {
  return { PATH: `${join(root, "bin")}:/usr/bin:/bin` };
}

function run(root: string, args: readonly string[], extra: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["tools/run.mjs", ...args], { cwd: root, env: { ...environment(root), ...extra }, encoding: "utf8" });
}

async function runBeside(root: string, args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, ["tools/run.mjs", ...args], { cwd: root, env: environment(root), stdio: "ignore" });
  return (await once(child, "exit"))[0];
}
