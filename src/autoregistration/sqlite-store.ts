import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { ObjectKey } from "../model/external-group.ts";
import { MeshError } from "../model/errors.ts";
import type { LeaseObject, ReadyCondition, StoredWorkload, Versioned, WorkloadObject } from "./objects.ts";
import { SqliteDatabase, type Row } from "./sqlite-database.ts";
import type { Snapshot, Store, StoreRefusal, Written } from "./store.ts";
import { StoreWatchers } from "./store-watchers.ts";
import { conditionSchema, leaseObjectSchema, workloadObjectSchema } from "./stored-schema.ts";

// A hundred thousand machines take a tenth of it.
const largestFile = 1024 ** 3;

type Table = "workloads" | "leases";

/** A store in one file, for one server: what it has answered is there after it was killed. */
export class SqliteStore implements Store {
  readonly #database: SqliteDatabase;
  readonly #watchers = new StoreWatchers();
  readonly #now: () => number;

  /** Opens the file, or makes it; `now` is the wall clock, milliseconds. Errors: STORE_FAILED. */
  constructor(path: string, now: () => number, largest = largestFile) {
    this.#database = new SqliteDatabase(path, largest);
    this.#now = now;
  }

  async list(signal: AbortSignal): Promise<Snapshot> {
    signal.throwIfAborted();
    return { workloads: this.#database.all("SELECT * FROM workloads").map(readWorkloadRow), leases: this.#database.all("SELECT * FROM leases").map(readLeaseRow) };
  }

  async readWorkload(key: ObjectKey, signal: AbortSignal): Promise<Versioned<StoredWorkload> | undefined> {
    signal.throwIfAborted();
    const row = this.#row("workloads", key);
    return row && readWorkloadRow(row);
  }

  async createWorkload(object: WorkloadObject, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    signal.throwIfAborted();
    const value: StoredWorkload = { object, condition: undefined, uid: randomUUID(), createdAt: this.#now() };
    const { namespace, name } = object.key;
    return this.#write(object.key, value, (version) => {
      if (this.#row("workloads", object.key) !== undefined) return "exists";
      this.#database.run("INSERT INTO workloads VALUES (?, ?, ?, ?, ?, ?, NULL)", namespace, name, version, value.uid, value.createdAt, JSON.stringify(object));
      return undefined;
    });
  }

  async updateWorkload(object: WorkloadObject, version: string, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    return this.#changeWorkload({ key: object.key, version }, (before) => ({ ...before, object }), signal);
  }

  async updateCondition(key: ObjectKey, change: { readonly condition: ReadyCondition; readonly version: string }, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    return this.#changeWorkload({ key, version: change.version }, (before) => ({ ...before, condition: change.condition }), signal);
  }

  async deleteWorkload(key: ObjectKey, version: string, signal: AbortSignal): Promise<StoreRefusal | undefined> {
    signal.throwIfAborted();
    return this.#delete("workloads", key, version);
  }

  async readLease(key: ObjectKey, signal: AbortSignal): Promise<Versioned<LeaseObject> | undefined> {
    signal.throwIfAborted();
    const row = this.#row("leases", key);
    return row && readLeaseRow(row);
  }

  async createLease(lease: LeaseObject, signal: AbortSignal): Promise<Written<LeaseObject>> {
    signal.throwIfAborted();
    const { namespace, name } = lease.key;
    return this.#write(lease.key, lease, (version) => {
      if (this.#row("leases", lease.key) !== undefined) return "exists";
      this.#database.run("INSERT INTO leases VALUES (?, ?, ?, ?)", namespace, name, version, JSON.stringify(lease));
      return undefined;
    });
  }

  async updateLease(lease: LeaseObject, version: string, signal: AbortSignal): Promise<Written<LeaseObject>> {
    signal.throwIfAborted();
    const { namespace, name } = lease.key;
    return this.#write(lease.key, lease, (next) => {
      const changed = this.#database.run("UPDATE leases SET version = ?, lease = ? WHERE namespace = ? AND name = ? AND version = ?", next, JSON.stringify(lease), namespace, name, parseVersion(version));
      return changed === 1 ? undefined : this.#missed("leases", lease.key);
    });
  }

  async deleteLease(key: ObjectKey, version: string, signal: AbortSignal): Promise<StoreRefusal | undefined> {
    signal.throwIfAborted();
    return this.#delete("leases", key, version);
  }

  watch(signal: AbortSignal): AsyncIterable<ObjectKey> {
    return this.#watchers.watch(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.end();
    this.#database[Symbol.dispose]();
  }

  async #changeWorkload({ key, version }: { readonly key: ObjectKey; readonly version: string }, change: (before: StoredWorkload) => StoredWorkload, signal: AbortSignal): Promise<Written<StoredWorkload>> {
    const before = await this.readWorkload(key, signal);
    if (before === undefined) return { ok: false, refusal: "absent" };
    if (before.version !== version) return { ok: false, refusal: "conflict" };
    const value = change(before.value);
    const condition = value.condition === undefined ? null : JSON.stringify(value.condition);
    return this.#write(key, value, (next) => {
      const sql = "UPDATE workloads SET version = ?, object = ?, condition = ? WHERE namespace = ? AND name = ? AND version = ?";
      return this.#database.run(sql, next, JSON.stringify(value.object), condition, key.namespace, key.name, parseVersion(version)) === 1 ? undefined : this.#missed("workloads", key);
    });
  }

  #write<T>(key: ObjectKey, value: T, work: (version: number) => StoreRefusal | undefined): Written<T> {
    const written = this.#database.transaction((): Written<T> => {
      // One count for everything: a name that is deleted and made again never has an old version.
      const version = Number(this.#database.get("UPDATE counter SET value = value + 1 RETURNING value")?.["value"]);
      const refusal = work(version);
      return refusal === undefined ? { ok: true, stored: { value, version: String(version) } } : { ok: false, refusal };
    });
    if (written.ok) this.#watchers.tell(key);
    return written;
  }

  #delete(table: Table, key: ObjectKey, version: string): StoreRefusal | undefined {
    const deleted = this.#database.run(`DELETE FROM ${table} WHERE namespace = ? AND name = ? AND version = ?`, key.namespace, key.name, parseVersion(version));
    if (deleted !== 1) return this.#missed(table, key);
    this.#watchers.tell(key);
    return undefined;
  }

  #missed(table: Table, key: ObjectKey): StoreRefusal {
    return this.#row(table, key) === undefined ? "absent" : "conflict";
  }

  #row(table: Table, { namespace, name }: ObjectKey): Row | undefined {
    return this.#database.get(`SELECT * FROM ${table} WHERE namespace = ? AND name = ?`, namespace, name);
  }
}

function readWorkloadRow(row: Row): Versioned<StoredWorkload> {
  const condition = row["condition"] === null ? undefined : readJson(row["condition"], conditionSchema);
  return { version: String(row["version"]), value: { object: readJson(row["object"], workloadObjectSchema), condition, uid: String(row["uid"]), createdAt: Number(row["created_at"]) } };
}

function readLeaseRow(row: Row): Versioned<LeaseObject> {
  return { version: String(row["version"]), value: readJson(row["lease"], leaseObjectSchema) };
}

function readJson<T>(text: unknown, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(String(text)));
  } catch (cause) {
    throw new MeshError("STORE_FAILED", { doing: "reading a stored object", what: "it is not what this program writes", cause });
  }
}

// A version that no row has, for one that another kind of store gave.
function parseVersion(version: string): number {
  return /^\d{1,15}$/u.test(version) ? Number(version) : -1;
}
