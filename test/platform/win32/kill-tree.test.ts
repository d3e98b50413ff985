import assert from "node:assert/strict";
import type { RunSpec } from "../../../src/platform/host.ts";
import { killTree } from "../../../src/platform/win32/kill-tree.ts";
import { FakeHost } from "../../fakes/host.ts";

describe("ending a tree of processes on Windows", () => {
  it("asks taskkill of the system's own folder, by force", async () => {
    const asked: RunSpec[] = [];
    const { processes } = new FakeHost();
    const recording = { ...processes, run: (spec: RunSpec) => Promise.resolve({ code: asked.push(spec) - 1, signal: undefined, stdout: "", stderr: "" }) };
    await killTree(recording, "C:\\Windows", 42);
    assert.deepEqual(asked, [{ file: "C:\\Windows\\System32\\taskkill.exe", args: ["/T", "/F", "/PID", "42"], environment: { SystemRoot: "C:\\Windows" } }]);
  });

  it("is no error without taskkill: the program itself is killed in any case", async () => {
    await assert.doesNotReject(killTree(new FakeHost().processes, "C:\\Windows", 42));
  });
});
