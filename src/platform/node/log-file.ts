import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { beginningBytes, currentLogFile, logFileBytes, logFileNames, parseBeginning, planArchive, planBeginning } from "../../model/log-files.ts";
import { renderLogRecord, type LogForm, type LogRecord } from "../../model/log-record.ts";
import type { LogFile, LogFileSpec } from "../host.ts";
import { systemClock } from "./clock.ts";
import { explainFileFailure } from "./file-failure.ts";

/** What tests make small. */
export interface LogFileLimits {
  readonly bytes: number;
  /** Milliseconds between two attempts with files that cannot be used. */
  readonly retryEvery: number;
}

const usual: LogFileLimits = { bytes: logFileBytes, retryEvery: 1000 };

/** Keeps a log in its fixed set of files. Only one process may do it at a time. */
export function openLogFile(spec: LogFileSpec, limits = usual): LogFile {
  return new RotatingFile(spec, limits);
}

// One that comes and goes, as on a disk that is almost full, is told this often.
const tellEvery = 600_000;
const copiedAtOnce = 1024 * 1024;

/**
 * Every call writes at once and blocks meanwhile: a line that was written is there whatever becomes of this process, and
 * what is said last before a crash is what matters most. Nothing that goes wrong here reaches the caller.
 */
class RotatingFile implements LogFile {
  readonly #spec: LogFileSpec;
  readonly #limits: LogFileLimits;
  #file: number | undefined;
  #part = 0;
  #lost = 0;
  #notBefore = -Infinity;
  #notToldBefore = -Infinity;

  constructor(spec: LogFileSpec, limits: LogFileLimits) {
    this.#spec = spec;
    this.#limits = limits;
  }

  write(record: LogRecord): void {
    if (systemClock.monotonic() < this.#notBefore) {
      this.#lost += 1;
      return;
    }
    try {
      const file = this.#open(record.time);
      if (this.#lost > 0) this.#append(file, { ...record, level: "warn", message: "lines are missing here: the file could not be written", fields: { lines: this.#lost } });
      this.#lost = 0;
      this.#append(file, record);
    } catch (cause) {
      this.#lost += 1;
      this.#notBefore = systemClock.monotonic() + this.#limits.retryEvery;
      this[Symbol.dispose]();
      this.#tell("writing", cause);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** The file, with a beginning. Somebody may have removed or emptied it meanwhile. */
  #open(time: string): number {
    if (this.#file !== undefined && fstatSync(this.#file).nlink === 0) this[Symbol.dispose]();
    if (this.#file === undefined) return this.#openAnew(time);
    if (fstatSync(this.#file).size === 0) this.#begin(this.#file, time);
    return this.#file;
  }

  #openAnew(time: string): number {
    const file = openOrMake(join(this.#spec.folder, currentLogFile));
    this.#file = file;
    const newest = Math.max(...this.#listOthers());
    const held = readBeginning(file);
    const { size } = fstatSync(file);
    if (size > 0) endLine(file, size);
    const foreign = size > 0 && (held === 0 || held < newest);
    if (foreign) this.#archive(file, held);
    this.#part = Math.max(this.#part, held, newest);
    if (size === 0 || foreign) this.#begin(file, time);
    return file;
  }

  #append(file: number, record: LogRecord): void {
    const line = encodeLine(record, this.#spec.form);
    const { size } = fstatSync(file);
    if (size + line.length > this.#limits.bytes) {
      this.#archive(file, this.#part);
      this.#begin(file, record.time);
    }
    writeWhole(file, line);
  }

  /** Copies the full file away. When that cannot be, its lines are given up for the new ones, which tell more. */
  #archive(file: number, part: number): void {
    try {
      copyFile(file, join(this.#spec.folder, planArchive(part, this.#listOthers())));
    } catch (cause) {
      this.#tell("putting away the full log in", cause);
    }
  }

  #begin(file: number, time: string): void {
    ftruncateSync(file, 0);
    this.#part += 1;
    writeWhole(file, Buffer.from(`${renderLogRecord(planBeginning(this.#part, time), this.#spec.form)}\n`));
  }

  #listOthers(): readonly number[] {
    return logFileNames.slice(1).map((name) => {
      try {
        const file = openSync(join(this.#spec.folder, name), "r");
        using _closing = closing(file);
        return readBeginning(file);
      } catch {
        return 0;
      }
    });
  }

  #tell(doing: string, cause: unknown): void {
    const now = systemClock.monotonic();
    if (now < this.#notToldBefore) return;
    this.#notToldBefore = now + tellEvery;
    this.#spec.onTrouble(explainFileFailure(this.#spec.folder, doing, cause));
  }
}

// More is no line for anybody to read: its beginning is kept. The longest escape makes eleven bytes of one.
const longestLine = 64 * 1024;

function encodeLine(record: LogRecord, form: LogForm): Buffer {
  const line = Buffer.from(`${renderLogRecord(record, form)}\n`);
  if (line.length <= longestLine) return line;
  const { time, level, message } = record;
  return Buffer.from(`${renderLogRecord({ time, level, message: message.slice(0, longestLine / 16), fields: { cut: true } }, form)}\n`);
}

// Not for appending: Windows lets such a file not be cut.
function openOrMake(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    return openSync(path, "wx+", 0o640);
  }
}

function readBeginning(file: number): number {
  const bytes = Buffer.alloc(beginningBytes);
  return parseBeginning(bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, 0)));
}

// The line that a power cut tore stands alone.
function endLine(file: number, size: number): void {
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  if (last.toString() !== "\n") writeWhole(file, Buffer.from("\n"));
}

/** Appends all or nothing: a full disk takes half a line. */
function writeWhole(file: number, bytes: Buffer): void {
  const { size } = fstatSync(file);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written, bytes.length - written, size + written);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}

/** The copy is on the disk when this returns, for then the original goes. */
function copyFile(from: number, path: string): void {
  const to = openOrMake(path);
  using _closing = closing(to);
  ftruncateSync(to, 0);
  const bytes = Buffer.alloc(copiedAtOnce);
  for (let at = 0; ;) {
    const read = readSync(from, bytes, 0, bytes.length, at);
    if (read === 0) break;
    writeWhole(to, bytes.subarray(0, read));
    at += read;
  }
  fdatasyncSync(to);
}

function closing(file: number): Disposable {
  return { [Symbol.dispose]: () => closeSync(file) };
}
