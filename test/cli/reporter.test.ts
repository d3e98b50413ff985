import assert from "node:assert/strict";
import { createLog } from "../../src/cli/log.ts";
import { createReporter, type Reporter } from "../../src/cli/reporter.ts";
import { stderrLine } from "../../src/cli/schemas.ts";
import type { LogLevel } from "../../src/platform/host.ts";
import { parseLines } from "./in-process.ts";

describe("progress on stderr", () => {
  for (const [mode, isTerminal, expected] of [
    ["auto", true, "proxy: starting (50 %)\n"],
    ["auto", false, ""],
    ["plain", false, "proxy: starting (50 %)\n"],
    ["none", true, ""],
    ["json", true, `${JSON.stringify({ type: "progress", activity: "proxy", status: "starting", percent: 49.7 })}\n`],
  ] as const) {
    it(`is ${JSON.stringify(expected)} with ${mode} on a ${isTerminal ? "terminal" : "pipe"}`, () => {
      assert.equal(written({ mode, isTerminal }, (reporter) => reporter.progress("proxy", "starting", 49.7)), expected);
    });
  }
});

describe("the log", () => {
  const write = (reporter: Reporter): void => {
    const log = createLog(reporter, { level: "info" });
    log.write("debug", "too much");
    log.child({ port: 4143 }).child({ name: "a b" }).write("warn", "it is taken", { pid: 7 });
    log.write("info", "done");
  };

  it("is one line each for people, from its level on", () => {
    assert.equal(written({ mode: "none" }, write), "warn  it is taken port=4143 name=a b pid=7\ninfo  done\n");
  });

  it("is one object each under --progress json", () => {
    const lines = parseLines(written({ mode: "json" }, write)).map((line) => stderrLine.parse(line));
    assert.deepEqual(lines, [
      { type: "log", level: "warn", message: "it is taken", fields: { port: 4143, name: "a b", pid: 7 } },
      { type: "log", level: "info", message: "done" },
    ]);
  });

  it("follows its level when that changes", () => {
    const threshold: { level: LogLevel } = { level: "error" };
    const text = written({ mode: "none" }, (reporter) => {
      const log = createLog(reporter, threshold);
      log.write("info", "before");
      threshold.level = "trace";
      log.write("trace", "after");
    });
    assert.equal(text, "trace after\n");
  });
});

function written({ mode, isTerminal = false }: { readonly mode: "auto" | "plain" | "none" | "json"; readonly isTerminal?: boolean }, use: (reporter: Reporter) => void): string {
  let text = "";
  use(createReporter({ write: (more) => void (text += more), isTerminal }, mode, false));
  return text;
}
