import assert from "node:assert/strict";
import type { Files } from "../../../src/platform/host.ts";
import { createFiles } from "../../../src/platform/node/files.ts";
import { createProcesses } from "../../../src/platform/node/processes.ts";
import { processGroup, wrapChild } from "../../../src/platform/linux/launching.ts";

const files = createFiles(() => Promise.resolve(undefined));
const launching = { wrap: (spec: Parameters<typeof wrapChild>[1]) => wrapChild(undefined, spec), family: processGroup, endings: [""], self: { file: process.execPath, args: ["main.ts"] } };
const processes = createProcesses(launching, files);
const node = { file: process.execPath, environment: {} };
const forever = new AbortController().signal;

describe("processes", () => {
  it("hands over every line before the end, and the exit code", async () => {
    const seen: string[] = [];
    await using child = await processes.spawn({ ...node, args: ["-e", "console.log('a\\nb'); console.error('c'); process.exitCode = 3"], onLine: (stream, line) => seen.push(`${stream} ${line}`) });
    assert.deepEqual(await child.exited, { code: 3, signal: undefined });
    assert.deepEqual(seen.toSorted(), ["stderr c", "stdout a", "stdout b"]);
  });

  it("feeds a child's input and ends it", async () => {
    const line = Promise.withResolvers<string>();
    await using child = await processes.spawn({ ...node, args: ["-e", "process.stdin.pipe(process.stdout)"], stdin: true, onLine: (_, text) => line.resolve(text) });
    await child.write("hello\n");
    assert.equal(await line.promise, "hello");
    child.closeInput();
    assert.deepEqual(await child.exited, { code: 0, signal: undefined });
  });

  it("kills what it disposes, and what an abort ends", async () => {
    const child = await processes.spawn({ ...node, args: ["-e", "setInterval(() => {}, 1e6)"] });
    await child[Symbol.asyncDispose]();
    assert.deepEqual(await child.exited, { code: undefined, signal: "SIGKILL" });
    const controller = new AbortController();
    const run = processes.run({ ...node, args: ["-e", "setInterval(() => {}, 1e6)"] }, controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(run, /enough/);
  });

  it("gives a child exactly its environment", async () => {
    const result = await processes.run({ ...node, environment: { ONLY: "this" }, args: ["-e", "console.log(JSON.stringify(process.env))"] }, forever);
    assert.deepEqual(JSON.parse(result.stdout), { ONLY: "this" });
  });

  it("tells an absent program from one that fails", async () => {
    await assert.rejects(processes.spawn({ ...node, file: "/nowhere/program", args: [] }), { code: "PROGRAM_MISSING" });
    await assert.rejects(processes.spawn({ file: "program-of-nobody", args: [], environment: { PATH: "/usr/bin:/bin" } }), { code: "PROGRAM_MISSING" });
    assert.equal((await processes.run({ ...node, args: ["-e", "process.exit(7)"] }, forever)).code, 7);
  });

  it("passes by what of PATH it may not look into", async () => {
    const shut: Files = { ...files, stat: (path) => (path.startsWith("/shut/") ? Promise.reject(new Error("EACCES")) : files.stat(path)) };
    const result = await createProcesses(launching, shut).run({ file: "true", args: [], environment: { PATH: "/shut:/usr/bin:/bin" } }, forever);
    assert.equal(result.code, 0);
  });

  it("knows how to start this program again", () => {
    assert.deepEqual(processes.self(["run"]), { file: process.execPath, args: ["main.ts", "run"] });
  });
});

describe("wrapChild", () => {
  it("makes a child die with us, and takes its rights when told so", () => {
    const spec = { file: "/bin/proxy", args: ["-v"] };
    assert.deepEqual(wrapChild("/usr/bin/setpriv", spec), { file: "/usr/bin/setpriv", args: ["--pdeathsig=KILL", "--", "/bin/proxy", "-v"] });
    assert.deepEqual(wrapChild("/usr/bin/setpriv", { ...spec, dropRights: true }).args, ["--pdeathsig=KILL", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--", "/bin/proxy", "-v"]);
    assert.deepEqual(wrapChild(undefined, spec), spec);
  });
});
