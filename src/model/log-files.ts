import { parseLogRecord, type LogRecord } from "./log-record.ts";

/**
 * The files of the harness's log, made by whoever installs the service: its account may write to these, and can neither make
 * nor rename any. The first is written to; when it is full it is copied over the oldest of the others and emptied.
 */
export const logFileNames = ["harness.log", "harness.1.log", "harness.2.log", "harness.3.log", "harness.4.log"] as const;

/** The file that is written to. */
export const currentLogFile = logFileNames[0];

/** Bytes of one file, above which it is put away: weeks at `info`, minutes at `trace`, and still read and mailed as a whole. */
export const logFileBytes = 10 * 1024 * 1024;

/** Bytes in which the first line of a file ends. */
export const beginningBytes = 512;

/**
 * The first line of a file: the number of its part of the log. Only by it, never by a name or a time, is known which part
 * follows which, and that two files hold the same one because a copy was interrupted.
 */
export function planBeginning(part: number, time: string): LogRecord {
  return { time, level: "info", message: "a file of the harness's log begins", fields: { logPart: part } };
}

/** The part that a file with this beginning holds; 0 where it does not say. */
export function parseBeginning(beginning: string): number {
  const end = beginning.indexOf("\n");
  const part = end === -1 ? undefined : partOf(parseLogRecord(beginning.slice(0, end)));
  return part ?? 0;
}

/** The part that a record begins; undefined for a record like any other. */
export function partOf(record: LogRecord | undefined): number | undefined {
  const part = record?.fields?.["logPart"];
  return typeof part === "number" && Number.isSafeInteger(part) && part > 0 ? part : undefined;
}

/** The file that a full part goes to, given the parts of the others: where a copy of it was begun, else over the oldest. */
export function planArchive(part: number, others: readonly number[]): string {
  const begun = part === 0 ? -1 : others.indexOf(part);
  const index = begun === -1 ? others.indexOf(Math.min(...others)) : begun;
  return logFileNames.slice(1)[index] ?? logFileNames[1];
}
