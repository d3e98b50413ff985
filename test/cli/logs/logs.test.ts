import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planBeginning } from "../../../src/model/log-files.ts";
import { renderLogRecord, type LogForm, type LogRecord } from "../../../src/model/log-record.ts";
import { createLinuxHost } from "../../../src/platform/linux/host.ts";
import { openLogFile } from "../../../src/platform/node/log-file.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { noCrash, parseLines, runInProcess, type Ran } from "../in-process.ts";
import { startProgram } from "../program.ts";

const self = { file: process.execPath, args: [] };

describe("linkerd-mesh logs", () => {
  let folder = "";
  const run = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    runInProcess(["logs", ...words], { host: (log) => createLinuxHost({ log, environment: { PATH: folder, ...environment }, self }), environment });
  const keep = (name: string, part: number, records: readonly (LogRecord | string)[]): void => keepAs("text", { name, part, records });
  const keepAs = (form: LogForm, { name, part, records }: { readonly name: string; readonly part: number; readonly records: readonly (LogRecord | string)[] }): void => {
    const lines = [planBeginning(part, at(0)), ...records].map((record) => (typeof record === "string" ? record : renderLogRecord(record, form)));
    writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "logs-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("shows all files in order, whatever their names and forms, as text", async () => {
    keepAs("json", { name: "harness.log", part: 3, records: [{ time: at(3), level: "error", message: "third", fields: { port: 4143, code: "PORT_TAKEN" } }] });
    keep("harness.1.log", 2, [{ time: at(2), level: "warn", message: "second" }]);
    keep("harness.2.log", 1, [{ time: at(1), level: "info", message: "first" }]);
    const { code, stdout, stderr } = await run(["--log-dir", folder]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, `${at(1)} info  first\n${at(2)} warn  second\n${at(3)} error third  {"port":4143,"code":"PORT_TAKEN"}\n`);
  });

  it("prints entries of its schema, and gives lines that are none to the entry before", async () => {
    keep("harness.log", 1, ["    before anything", { time: at(1), level: "error", message: "it broke" }, "    at work (file.ts:3)", `${at(2).slice(0, -1)} info  without a zone`, "torn"]);
    const { stdout } = await run(["--log-dir", folder, "--output", "json"]);
    assert.deepEqual(parseLines(stdout), [
      { level: "info", message: "    before anything" },
      { time: at(1), level: "error", message: "it broke" },
      { time: at(1), level: "error", message: "    at work (file.ts:3)" },
      { time: new Date(at(2).slice(0, -1)).toISOString(), level: "info", message: "without a zone" },
      { time: new Date(at(2).slice(0, -1)).toISOString(), level: "info", message: "torn" },
    ]);
  });

  it("selects by level, time and number, in this order", async () => {
    keep("harness.log", 1, [1, 2, 3, 4, 5, 6].map((minute) => ({ time: at(minute), level: minute % 2 === 0 ? "warn" as const : "debug" as const, message: `entry ${minute}` })));
    const messages = async (...words: string[]): Promise<readonly unknown[]> => parseLines((await run(["--log-dir", folder, "--output", "json", ...words])).stdout).map((entry) => (entry as LogRecord).message);
    assert.deepEqual(await messages("--level", "warn"), ["entry 2", "entry 4", "entry 6"]);
    assert.deepEqual(await messages("--level", "warn", "--lines", "2"), ["entry 4", "entry 6"]);
    assert.deepEqual(await messages("--since", at(4)), ["entry 4", "entry 5", "entry 6"]);
    assert.deepEqual(await messages("--since", at(4), "--level", "warn", "--lines", "1"), ["entry 6"]);
    assert.deepEqual(await messages("--lines", "0"), []);
    assert.deepEqual(await messages("--since", "2h"), [], "they are of the past");
  });

  it("takes a length as so long ago", async () => {
    const now = Date.now();
    keep("harness.log", 1, [90, 30].map((minutes) => ({ time: new Date(now - minutes * 60_000).toISOString(), level: "info" as const, message: `${minutes} minutes ago` })));
    const { stdout } = await run(["--log-dir", folder, "--since", "1h"]);
    assert.match(stdout, /^\S+ info {2}30 minutes ago\n$/u);
  });

  it("tells what it does not understand", async () => {
    for (const words of [["--since", "yesterday"], ["--lines", "-1"], ["--lines", "1.5"], ["--level", "loud"]]) {
      const { code, stderr } = await run(["--log-dir", folder, ...words]);
      assert.equal(code, 2, words.join(" "));
      assert.match(stderr, /USAGE/u);
    }
  });

  it("says where the log may be when there is none", async () => {
    const kept = await run([], { LINKERD_MESH_LOG_FILE: "text", LINKERD_MESH_LOG_DIR: folder });
    assert.equal(kept.code, 3);
    assert.match(kept.stderr, /LOG_ABSENT/u);
    assert.ok(kept.stderr.includes(folder));
    const off = await run([], { LINKERD_MESH_LOG_DIR: folder });
    assert.equal(off.code, 3);
    assert.match(off.stderr, /journalctl --unit linkerd-proxy-harness/u);
  });

  it("reads the files that are there though no more are kept, and where the settings say", async () => {
    keep("harness.log", 1, [{ time: at(1), level: "info", message: "of last week" }]);
    assert.match((await run([], { LINKERD_MESH_LOG_DIR: folder })).stdout, /of last week/u);
    assert.match((await run([], { LINKERD_MESH_LOG_DIR: folder, LINKERD_MESH_LOG_FILE: "json", LINKERD_MESH_PROXY_INBOUND_PORT: "wrong" })).stdout, /of last week/u, "also with settings that are wrong elsewhere");
  });

  it("shows no control characters of what others said", async () => {
    keepAs("json", { name: "harness.log", part: 1, records: [{ time: at(1), level: "warn", message: "proxy: \u{1b}[2J" }, "\u{1b}[31mtorn"] });
    const { stdout } = await run(["--log-dir", folder]);
    assert.ok(stdout !== "" && !stdout.includes("\u{1b}"));
  });

  describe("where systemd keeps it", () => {
    const install = (name: string, script: string): void => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    const entry = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify({ __REALTIME_TIMESTAMP: "1767225600123456", __CURSOR: "s=1;i=1", PRIORITY: "6", ...fields });
    const journal = (...entries: readonly string[]): void => {
      writeFileSync(join(folder, "entries"), entries.map((line) => `${line}\n`).join(""));
      install("systemctl", "echo LoadState=loaded; echo ActiveState=active");
      install("journalctl", `echo "$@" >>${folder}/asked; while read -r line; do printf '%s\\n' "$line"; done <${folder}/entries`);
    };

    it("reads the journal of the unit, with the level that the lines say, else their priority", async () => {
      journal(
        entry({ MESSAGE: "warn  the proxy is late port=4143" }), entry({ MESSAGE: '{"type":"log","level":"debug","message":"of --progress json","fields":{"a":1}}' }),
        entry({ MESSAGE: "Main process exited", PRIORITY: "4" }), entry({ MESSAGE: [104, 195, 169, 255] }), entry({ MESSAGE: null, PRIORITY: "3" }), "no entry",
        entry({ MESSAGE: '{"type":"error","code":"X","message":"it ended"}' }),
      );
      const { code, stdout } = await run(["--output", "json"]);
      const time = "2026-01-01T00:00:00.123Z";
      assert.equal(code, 0);
      assert.deepEqual(parseLines(stdout), [
        { time, level: "warn", message: "the proxy is late port=4143" }, { time, level: "debug", message: "of --progress json", fields: { a: 1 } },
        { time, level: "warn", message: "Main process exited" }, { time, level: "info", message: "hé\u{fffd}" }, { time, level: "error", message: "" },
        { time, level: "error", message: "it ended" },
      ]);
      assert.equal(readFileSync(join(folder, "asked"), "utf8"), "--unit linkerd-proxy-harness --output json --all --no-pager --quiet --lines all\n");
    });

    it("selects as in files, and lets the journal skip what is too old", async () => {
      journal(entry({ MESSAGE: "info  one" }), entry({ MESSAGE: "error two" }));
      assert.equal((await run(["--level", "error"])).stdout, "2026-01-01T00:00:00.123Z error two\n");
      assert.equal((await run(["--since", "2026-01-01T00:00:00.124Z"])).stdout, "");
      assert.match(readFileSync(join(folder, "asked"), "utf8"), /--since @1767225599\n$/u);
    });

    it("says what journalctl says when it may not", async () => {
      journal();
      install("journalctl", "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1");
      const { code, stderr } = await run([]);
      assert.equal(code, 3);
      assert.match(stderr, /insufficient permissions[\s\S]*LOG_ABSENT[\s\S]*sudo journalctl --unit linkerd-proxy-harness/u);
    });

    it("goes on after the last entry that it saw, and ends journalctl when it is stopped", async () => {
      journal(entry({ MESSAGE: "info  one" }));
      install("journalctl", `echo "$@" >>${folder}/asked; case "$*" in *--follow*) echo '${entry({ MESSAGE: "info  two" })}'; exec sleep 600;; *) echo '${entry({ MESSAGE: "info  one" })}';; esac`);
      const stop = new AbortController();
      let stdout = "";
      const { runCli } = await import("../../../src/cli/cli.ts");
      const { commandTable } = await import("../../../src/cli/commands/index.ts");
      const ended = runCli({
        words: ["logs", "--follow"], environment: {}, signal: stop.signal, crash: noCrash, stopAtInputEnd: () => undefined,
        stdout: { write: (text) => void (stdout += text), isTerminal: false }, stderr: { write: () => undefined, isTerminal: false },
        loadHost: (log) => Promise.resolve(createLinuxHost({ log, environment: { PATH: `${folder}:/usr/bin:/bin` }, self })),
      }, commandTable);
      await waitUntil(() => stdout, (seen) => seen.includes("two"));
      stop.abort();
      assert.equal(await ended, 0);
      assert.deepEqual(stdout.match(/one|two/gu), ["one", "two"]);
      assert.match(readFileSync(join(folder, "asked"), "utf8"), /--after-cursor s=1;i=1 --follow\n$/u);
    });
  });

  it("follows, as a process, over many rotations without losing or doubling an entry", async function () {
    this.timeout(60_000);
    const place = join(folder, "followed");
    mkdirSync(place);
    using log = openLogFile({ folder: place, form: "text", onTrouble: (trouble) => assert.fail(trouble.message) }, { bytes: 20_000, retryEvery: 0 });
    const write = (number: number): void => log.write({ time: at(1), level: "info", message: `line ${number}` });
    for (let number = 0; number < 50; number += 1) write(number);
    await using running = startProgram(["logs", "--follow", "--log-dir", place]);
    let stdout = "";
    running.child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const seen = (): readonly number[] => [...stdout.matchAll(/line (\d+)$/gmu)].map(([, number]) => Number(number));
    await waitUntil(seen, (numbers) => numbers.at(-1) === 49, 20_000);
    assert.equal(seen()[0], 40, "the last ten before");
    for (let number = 50; number < 8050;) {
      // Two files at once at most, so that nothing is overrun; the reader is met at any point of a rotation.
      for (const end = number + 500; number < end; number += 1) write(number);
      await waitUntil(seen, (numbers) => numbers.at(-1) === number - 1);
    }
    running.child.kill("SIGTERM");
    const { code, stderr } = await running.ended;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(seen(), Array.from({ length: 8010 }, (_value, index) => index + 40));
  });
});

function at(minute: number): string {
  return `2026-01-01T00:0${minute}:00.000Z`;
}
