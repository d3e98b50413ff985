import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { SqliteStore } from "../../src/autoregistration/sqlite-store.ts";
import type { Snapshot, Store } from "../../src/autoregistration/store.ts";
import { isMeshError } from "../../src/model/errors.ts";
import { lease, object } from "./samples.ts";
import { describeStore } from "./store-conformance.ts";
import { lifeLength, writeLife } from "./store-life.ts";

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "mesh-store-"));
const writer = fileURLToPath(new URL("store-writer.ts", import.meta.url));
let files = 0;
const newPath = (): string => join(folder, `store-${(files += 1)}.db`);
const isStoreFailed = (error: unknown): boolean => isMeshError(error, "STORE_FAILED");

describeStore("SqliteStore", async () => new SqliteStore(newPath(), () => 1000));

describe("SqliteStore", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("keeps everything from one opening to the next, versions too", async () => {
    const path = newPath();
    const first = await using(path, async (store) => {
      await writeLife(store, 8);
      return store.list(signal);
    });
    await using(path, async (store) => {
      assert.deepEqual(await store.list(signal), first);
      const created = await store.createLease(lease({ key: { namespace: "a", name: "b" } }), signal);
      assert.ok(created.ok && Number(created.stored.version) > 8);
    });
  });

  it("belongs to one server", async () => {
    const path = newPath();
    await using store = new SqliteStore(path, () => 1000);
    assert.throws(() => new SqliteStore(path, () => 1000), isStoreFailed);
    assert.ok((await store.createLease(lease(), signal)).ok);
  });

  it("says what is wrong with a file that is not its own, and leaves it alone", () => {
    const garbage = newPath();
    writeFileSync(garbage, "this is no database, and longer than a header of SQLite would be: it must be left as it is, whoever wrote it");
    assert.throws(() => new SqliteStore(garbage, () => 1000), isStoreFailed);
    const newer = newPath();
    new DatabaseSync(newer).exec("PRAGMA user_version = 2");
    assert.throws(() => new SqliteStore(newer, () => 1000), /newer version/u);
    assert.throws(() => new SqliteStore(join(folder, "missing", "store.db"), () => 1000), isStoreFailed);
  });

  it("says so when a row is not what it writes", async () => {
    const path = newPath();
    await using(path, (store) => store.createLease(lease(), signal));
    const database = new DatabaseSync(path);
    database.exec(`UPDATE leases SET lease = '{"epoch":"x"}'`);
    database.close();
    await using(path, (store) => assert.rejects(store.list(signal), isStoreFailed));
  });

  it("refuses writes on a full disk, keeps what it has, and goes on when there is room again", async () => {
    const path = newPath();
    const big = object({ key: { namespace: "shop", name: "big" }, annotations: { a: "x".repeat(1_000_000) } });
    const before = await using(path, async (store) => {
      await writeLife(store, 5);
      await assert.rejects(store.createWorkload(big, signal), isStoreFailed);
      assert.ok((await store.createLease(lease({ key: big.key }), signal)).ok);
      return store.list(signal);
    }, 100_000);
    await using(path, async (store) => {
      assert.deepEqual(await store.list(signal), before);
      assert.ok((await store.createWorkload(big, signal)).ok);
    });
  });

  it("is whole after a kill between any two writes", async () => {
    for (let count = 0; count <= lifeLength; count += 1) {
      const path = newPath();
      const { signal: how } = spawnSync(process.execPath, [writer, path, String(count)]);
      assert.equal(how, "SIGKILL");
      const memory = new MemoryStore(() => 1000);
      await writeLife(memory, count);
      assert.deepEqual(await using(path, contents), await contents(memory), `after ${count} writes`);
    }
  }).timeout(60_000);

  it("has every renewal that it acknowledged after a kill at any moment", async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = newPath();
      const child = spawn(process.execPath, [writer, path, "endless"], { stdio: ["ignore", "pipe", "inherit"] });
      let acknowledged = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged = Number(line);
        if (acknowledged === 50 + 37 * round) child.kill("SIGKILL");
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      const epoch = await using(path, async (store) => (await store.readLease(lease().key, signal))?.value.epoch);
      assert.ok(epoch !== undefined && epoch >= acknowledged, `acknowledged ${acknowledged}, found ${epoch}`);
    }
  }).timeout(60_000);
});

async function using<T>(path: string, work: (store: SqliteStore) => Promise<T>, largest?: number): Promise<T> {
  await using store = new SqliteStore(path, () => 1000, largest);
  return await work(store);
}

/** Everything stored but what no two stores have alike. */
async function contents(store: Store): Promise<unknown> {
  const { workloads, leases }: Snapshot = await store.list(signal);
  return { workloads: workloads.map(({ value: { uid, ...rest }, version }) => [uid.length, rest, version]), leases };
}
