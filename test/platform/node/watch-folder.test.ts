import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchFolder } from "../../../src/platform/node/watch-folder.ts";

const never = { settle: 5, poll: 3_600_000 };

describe("a watched folder", () => {
  let root = "";
  let folder = "";
  const stop = { controller: new AbortController() };
  const watched: AsyncGenerator<void, void, void>[] = [];
  const watching = (times = never): AsyncGenerator<void, void, void> => {
    const changes = watchFolder(folder, stop.controller.signal, times);
    watched.push(changes);
    return changes;
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "watch-folder-"));
    folder = join(root, "groups");
    mkdirSync(folder);
    stop.controller = new AbortController();
  });
  afterEach(async () => {
    stop.controller.abort();
    for (const changes of watched.splice(0)) await changes.return();
    rmSync(root, { recursive: true });
  });

  it("is told of at first, and then of files that are made, changed and removed", async () => {
    const changes = watching();
    assert.equal((await changes.next()).done, false);
    for (const change of [() => writeFileSync(join(folder, "a"), "1"), () => writeFileSync(join(folder, "a"), "2"), () => rmSync(join(folder, "a"))]) {
      const told = changes.next();
      change();
      assert.equal((await told).done, false);
    }
  });

  it("tells of a change that came while the reader was still looking", async () => {
    const changes = watching();
    await changes.next();
    writeFileSync(join(folder, "a"), "1");
    assert.equal((await changes.next()).done, false);
  });

  it("tells of a link that is swapped, as Kubernetes changes a ConfigMap", async () => {
    for (const name of ["one", "two"]) mkdirSync(join(folder, name));
    symlinkSync("one", join(folder, "..data"));
    const changes = watching();
    await changes.next();
    const told = changes.next();
    symlinkSync("two", join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    assert.equal((await told).done, false);
  });

  it("is looked at now and then, whether it tells anything, is there, or not", async () => {
    rmSync(folder, { recursive: true });
    const changes = watching({ settle: 5, poll: 5 });
    for (let count = 0; count < 3; count += 1) assert.equal((await changes.next()).done, false);
    mkdirSync(folder);
    assert.equal((await changes.next()).done, false);
  });

  it("is heard again after it was replaced by another of its name", async () => {
    const changes = watching();
    await changes.next();
    const moved = changes.next();
    renameSync(folder, join(root, "old"));
    mkdirSync(folder);
    assert.equal((await moved).done, false);
    const told = changes.next();
    writeFileSync(join(folder, "a"), "1");
    assert.equal((await told).done, false);
  });

  it("ends with the signal", async () => {
    const changes = watching();
    await changes.next();
    const told = changes.next();
    stop.controller.abort();
    assert.equal((await told).done, true);
  });
});
