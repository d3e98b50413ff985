import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { logFileNames } from "../../../src/model/log-files.ts";
import type { MeshError } from "../../../src/model/errors.ts";
import type { LogFile } from "../../../src/platform/host.ts";
import { openLogFile } from "../../../src/platform/node/log-file.ts";
import { skipUnless } from "../../support/skip.ts";
import { readNumbers, range } from "./log-lines.ts";

const time = "2026-01-01T00:00:00.000Z";
const bytes = 1000;

describe("a log in files", () => {
  let folder = "";
  let troubles: MeshError[] = [];
  const opened: LogFile[] = [];
  const open = (limit = bytes, at = folder): LogFile => {
    const file = openLogFile({ folder: at, form: "text", onTrouble: (trouble) => troubles.push(trouble) }, { bytes: limit, retryEvery: 0 });
    opened.push(file);
    return file;
  };
  const write = (file: LogFile, from: number, to: number): void => {
    for (let number = from; number < to; number += 1) file.write({ time, level: "info", message: `line ${number}` });
  };
  const pathOf = (name: string, at = folder): string => join(at, name);
  const textOf = (name: string): string => readFileSync(pathOf(name), "utf8");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "log-file-"));
    troubles = [];
  });
  afterEach(() => {
    for (const file of opened.splice(0)) file[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("keeps the newest lines, whole and in order, in five files that are never larger than promised", async () => {
    write(open(), 0, 1000);
    const numbers = await readNumbers(folder);
    const first = numbers[0] ?? 0;
    assert.ok(first > 800 && first < 925, `five files full, less the one that was begun: ${first}`);
    assert.deepEqual(numbers, range(first, 1000));
    for (const name of logFileNames) assert.ok(statSync(pathOf(name)).size <= bytes, name);
    assert.deepEqual(troubles, []);
  });

  it("makes and renames nothing where the files were made beforehand", () => {
    for (const name of logFileNames) writeFileSync(pathOf(name), "");
    const before = logFileNames.map((name) => statSync(pathOf(name)).ino);
    write(open(), 0, 300);
    assert.deepEqual(logFileNames.map((name) => statSync(pathOf(name)).ino), before);
  });

  it("goes on where the process before it ended, also after a line that was torn", async () => {
    write(open(), 0, 30);
    writeFileSync(pathOf("harness.log"), "2026-01-01T00:00:0", { flag: "a" });
    write(open(), 30, 60);
    assert.deepEqual(await readNumbers(folder), range(0, 60));
    assert.match(textOf("harness.1.log") + textOf("harness.2.log") + textOf("harness.log"), /^2026-01-01T00:00:0$/mu);
  });

  it("begins anew when somebody emptied or removed the file meanwhile", async () => {
    const file = open();
    write(file, 0, 5);
    truncateSync(pathOf("harness.log"));
    write(file, 5, 10);
    assert.deepEqual(await readNumbers(folder), range(5, 10));
    assert.match(textOf("harness.log"), /"logPart":2/u);
    unlinkSync(pathOf("harness.log"));
    write(file, 10, 15);
    assert.deepEqual(await readNumbers(folder), range(10, 15));
  });

  it("puts away what somebody else wrote there, and a file older than the others", async () => {
    writeFileSync(pathOf("harness.log"), "not ours\n");
    write(open(), 0, 5);
    assert.equal(textOf("harness.1.log"), "not ours\n");
    assert.deepEqual(await readNumbers(folder), range(0, 5));
    writeFileSync(pathOf("harness.3.log"), textOf("harness.log").replace('"logPart":1', '"logPart":7'));
    write(open(), 5, 7);
    assert.match(textOf("harness.log"), /"logPart":8/u);
  });

  it("tells once that it cannot write, and says how many lines are missing when it can again", async () => {
    const place = join(folder, "no-folder");
    writeFileSync(place, "");
    const file = open(bytes, place);
    write(file, 0, 50);
    assert.deepEqual(troubles.map(({ code, target }) => ({ code, target })), [{ code: "FILE_FAILED", target: place }]);
    unlinkSync(place);
    write(file, 50, 52);
    const text = readFileSync(pathOf("harness.log", place), "utf8").split("\n");
    assert.match(text[1] ?? "", /warn {2}lines are missing here: the file could not be written\t\{"lines":50\}/u);
    assert.deepEqual(await readNumbers(place), [50, 51]);
  });

  it("waits with the next attempt, so that a folder that is away costs nothing", () => {
    writeFileSync(pathOf("no-folder"), "");
    const file = openLogFile({ folder: pathOf("no-folder"), form: "text", onTrouble: (trouble) => troubles.push(trouble) }, { bytes, retryEvery: 3_600_000 });
    opened.push(file);
    write(file, 0, 2);
    unlinkSync(pathOf("no-folder"));
    write(file, 2, 4);
    assert.throws(() => statSync(pathOf("no-folder")), { code: "ENOENT" });
  });

  it("gives up old lines for new ones when the full file cannot be put away", () => {
    const file = open();
    write(file, 0, 1);
    // A folder cannot be opened for writing by anybody, not even by root.
    for (const name of logFileNames.slice(1)) mkdirSync(pathOf(name));
    write(file, 1, 100);
    assert.deepEqual(troubles.map(({ code }) => code), ["FILE_FAILED"], "told once");
    assert.ok(statSync(pathOf("harness.log")).size <= bytes);
    assert.match(textOf("harness.log"), /line 99$/mu);
  });

  it("keeps the beginning of a line that nobody would read to its end", async () => {
    const file = open(200_000);
    file.write({ time, level: "info", message: "\u{200e}".repeat(50_000), fields: { long: "y".repeat(300_000) } });
    write(file, 1, 3);
    assert.deepEqual(await readNumbers(folder), [1, 2]);
    const [, cut = ""] = textOf("harness.log").split("\n");
    assert.ok(cut.length < 65_536 && cut.endsWith('\t{"cut":true}'), cut.slice(-50));
  });

  it("is for its owner to write and for its group to read", () => {
    const before = process.umask(0);
    write(open(), 0, 100);
    process.umask(before);
    for (const name of ["harness.log", "harness.1.log"]) assert.equal(statSync(pathOf(name)).mode & 0o777, 0o640, name);
  });

  it("loses and doubles nothing, at whichever step of putting a file away its process was killed", async () => {
    write(open(), 0, 10);
    const full = textOf("harness.log");
    const states: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      "nothing is copied yet": {},
      "the place of the copy is emptied": { "harness.1.log": "" },
      "half of it is copied": { "harness.1.log": full.slice(0, full.length / 2) },
      "all of it is copied": { "harness.1.log": full },
      "the original is emptied": { "harness.1.log": full, "harness.log": "" },
      "the new beginning is torn": { "harness.1.log": full, "harness.log": "2026-01-01T00:00:00.000Z info" },
    };
    for (const [state, texts] of Object.entries(states)) {
      for (const name of logFileNames) rmSync(pathOf(name), { force: true });
      for (const [name, text] of Object.entries({ "harness.log": full, ...texts })) writeFileSync(pathOf(name), text);
      write(open(), 10, 40);
      assert.deepEqual(await readNumbers(folder), range(0, 40), state);
    }
  });
});

describe("a log on a full disk", function () {
  skipUnless("full-disk", process.getuid?.() === 0 && spawnSync("which", ["mount"]).status === 0, "needs root to mount a small tmpfs");
  let folder = "";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "log-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", folder]);
  });
  after(() => {
    execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  });

  it("tears no line, tells once, and says how many are missing when there is room again", async () => {
    const troubles: MeshError[] = [];
    using log = openLogFile({ folder, form: "json", onTrouble: (trouble) => troubles.push(trouble) }, { bytes: 1_000_000, retryEvery: 0 });
    const other = join(folder, "other");
    writeFileSync(other, Buffer.alloc(40_000));
    for (let number = 0; number < 1000; number += 1) log.write({ time, level: "info", message: `line ${number}` });
    assert.deepEqual(troubles.map(({ code }) => code), ["DISK_FULL"]);
    const kept = await readNumbers(folder);
    assert.deepEqual(kept, range(0, kept.length), "whole lines up to the last that fitted");
    unlinkSync(other);
    log.write({ time, level: "info", message: "line 1000" });
    assert.deepEqual(await readNumbers(folder), [...kept, 1000]);
    assert.ok(readFileSync(join(folder, "harness.log"), "utf8").includes(`"fields":{"lines":${1000 - kept.length}}`));
    assert.equal(troubles.length, 1);
  });

  it("keeps the newest lines when there is no room for a copy", async () => {
    for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
    writeFileSync(join(folder, "other"), Buffer.alloc(24_000));
    const troubles: MeshError[] = [];
    using log = openLogFile({ folder, form: "json", onTrouble: (trouble) => troubles.push(trouble) }, { bytes: 20_000, retryEvery: 0 });
    for (let number = 0; number < 5000; number += 1) log.write({ time, level: "info", message: `line ${number}` });
    const kept = await readNumbers(folder);
    assert.equal(kept.at(-1), 4999);
    assert.deepEqual(troubles.map(({ code }) => code), ["DISK_FULL"]);
  });
});

describe("a log whose process is killed again and again", function () {
  this.timeout(60_000);

  it("has every line that was written, once and in order", async () => {
    const folder = mkdtempSync(join(tmpdir(), "log-kill-"));
    let next = 0;
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, [fileURLToPath(new URL("log-writer.ts", import.meta.url)), folder, String(next)], { stdio: ["ignore", "pipe", "inherit"] });
      // Long enough for several files; what it is doing at that moment is chance.
      let said = 0;
      for await (const chunk of child.stdout.setEncoding("utf8") as AsyncIterable<string>) {
        said = Number(chunk.trim().split("\n").at(-1));
        if (said >= next + 300 + 7 * round) break;
      }
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      const numbers = await readNumbers(folder);
      const last = numbers.at(-1) ?? 0;
      assert.ok(last >= said, `line ${said} was written and must be there, not only up to ${last}`);
      assert.deepEqual(numbers, range(numbers[0] ?? 0, last + 1));
      assert.ok(numbers.length > 100, "more than one file");
      next = last + 1;
    }
    rmSync(folder, { recursive: true });
  });
});
