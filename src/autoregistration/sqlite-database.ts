import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { MeshError } from "../model/errors.ts";

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

const schemaVersion = 1;

// Workloads and leases are JSON in rows: nothing but the key is searched for. `counter` gives each write its version.
const schema = `
  CREATE TABLE workloads (namespace TEXT, name TEXT, version INTEGER NOT NULL, uid TEXT NOT NULL, created_at INTEGER NOT NULL, object TEXT NOT NULL, condition TEXT, PRIMARY KEY (namespace, name)) WITHOUT ROWID, STRICT;
  CREATE TABLE leases (namespace TEXT, name TEXT, version INTEGER NOT NULL, lease TEXT NOT NULL, PRIMARY KEY (namespace, name)) WITHOUT ROWID, STRICT;
  CREATE TABLE counter (value INTEGER NOT NULL) STRICT;
  INSERT INTO counter VALUES (0);
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * An open database file that belongs to this process alone. Every failure is STORE_FAILED. A killed process leaves the
 * last whole transaction; a power cut may take the last few with it, which machines repair by their next calls.
 */
export class SqliteDatabase implements Disposable {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** The file never grows beyond `largest` bytes: from there on, writes fail as on a full disk. */
  constructor(path: string, largest: number) {
    this.#path = path;
    this.#database = this.#guard("opening", () => new DatabaseSync(path));
    this.#guard("preparing", () => this.#prepare(largest));
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guard("reading", () => this.#statement(sql).all(...values));
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#guard("reading", () => this.#statement(sql).get(...values));
  }

  /** Runs one statement; the number of rows that it changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#guard("writing", () => Number(this.#statement(sql).run(...values).changes));
  }

  /** All or nothing: everything that `work` does, as one step on disk. */
  transaction<T>(work: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.run("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures, as a full disk.
      if (this.#database.isTransaction) this.run("ROLLBACK");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(largest: number): void {
    // Exclusive: a second server on the same file is told so at once, instead of both answering from half the truth.
    this.#database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const pageSize = Number(this.#database.prepare("PRAGMA page_size").get()?.["page_size"]);
    this.#database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(largest / pageSize))}`);
    const version = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version > schemaVersion) throw new RangeError(`it was written by a newer version of this program (schema ${version}, this one knows ${schemaVersion})`);
    // Taken also when there is nothing to do: it holds the lock from now on.
    this.#database.exec(`BEGIN IMMEDIATE;${version === 0 ? schema : ""}COMMIT`);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #guard<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof MeshError) throw cause;
      throw new MeshError("STORE_FAILED", { doing: `${doing} the store ${this.#path}`, what: cause instanceof Error ? cause.message : String(cause), target: this.#path, cause });
    }
  }
}
