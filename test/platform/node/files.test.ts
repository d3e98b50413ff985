import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFiles } from "../../../src/platform/node/files.ts";
import { skipUnless } from "../../support/skip.ts";

const files = createFiles(() => Promise.resolve(undefined));

describe("files", () => {
  let folder = "";
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), "files-test-")); });
  afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

  it("are replaced as a whole, with their mode, and leave no temporary file", async () => {
    const path = join(folder, "a");
    await files.writeAtomic(path, "one", { mode: 0o600 });
    const { ino } = statSync(path);
    await files.writeAtomic(path, "two", { mode: 0o640 });
    assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777, statSync(path).ino === ino], ["two", 0o640, false]);
    assert.deepEqual(readdirSync(folder), ["a"]);
  });

  it("never show a reader half of a text", async () => {
    const path = join(folder, "a");
    const texts = ["x".repeat(200_000), "y".repeat(200_000)];
    await files.writeAtomic(path, texts[0] ?? "");
    let writing = true;
    const writes = (async () => {
      for (let count = 0; count < 20; count += 1) await files.writeAtomic(path, texts[count % 2] ?? "");
      writing = false;
    })();
    let looks = 0;
    while (writing) {
      assert.ok(texts.includes(await files.readText(path) ?? ""));
      looks += 1;
    }
    await writes;
    assert.ok(looks > 0);
  });

  it("that are absent are undefined, empty, or no error", async () => {
    const path = join(folder, "none", "x");
    assert.deepEqual([await files.readText(path), await files.stat(path), await files.list(path)], [undefined, undefined, []]);
    await files.remove(path);
    await assert.rejects(files.writeAtomic(path, ""), { code: "FILE_FAILED", target: path });
    await assert.rejects(files.readText(folder), { code: "FILE_FAILED" });
  });

  it("are listed, appended to, described and removed", async () => {
    await files.append(join(folder, "b"), "1\n");
    await files.append(join(folder, "b"), "2\n");
    mkdirSync(join(folder, "a"));
    writeFileSync(join(folder, "a", "x"), "");
    chmodSync(join(folder, "b"), 0o750);
    assert.deepEqual(await files.list(folder), ["a", "b"]);
    const info = await files.stat(join(folder, "b"));
    assert.deepEqual([info?.kind, info?.size, info?.executable, info?.mode, (await files.stat(join(folder, "a")))?.kind], ["file", 4, true, 0o750, "folder"]);
    await files.remove(join(folder, "a"));
    assert.deepEqual(await files.list(folder), ["b"]);
  });

  it("make folders of a mode, whatever the umask or what was there", async () => {
    mkdirSync(join(folder, "a"), { mode: 0o777 });
    await files.makeFolder(join(folder, "a"), 0o700);
    await files.makeFolder(join(folder, "b", "c"), 0o750);
    assert.deepEqual([statSync(join(folder, "a")).mode & 0o777, statSync(join(folder, "b", "c")).mode & 0o777], [0o700, 0o750]);
  });
});

describe("files on a full disk", () => {
  skipUnless("full-disk", process.getuid?.() === 0 && spawnSync("which", ["mount"]).status === 0, "needs root to mount a small tmpfs");

  it("say so, keep the old text, and leave no temporary file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "files-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "none", folder]);
    try {
      const path = join(folder, "a");
      await files.writeAtomic(path, "old");
      await assert.rejects(files.writeAtomic(path, "x".repeat(100_000)), { code: "DISK_FULL", target: path });
      assert.deepEqual([readFileSync(path, "utf8"), readdirSync(folder)], ["old", ["a"]]);
    } finally {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
  });
});
