import { logLevels, parseLogRecord } from "../../model/log-record.ts";
import type { LogEntry } from "./schema.ts";

/** What is asked of a log. */
export interface Selection {
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly level: LogEntry["level"];
}

/** Makes entries of lines. One that is no entry of ours, such as a trace, belongs to the one before it. */
export function createEntryParser(): (line: string) => LogEntry {
  let before: Pick<LogEntry, "time" | "level"> = { level: "info" };
  return (line) => {
    const record = parseLogRecord(line);
    if (record === undefined) return { ...before, message: line };
    before = { time: record.time, level: record.level };
    return record;
  };
}

/** True for an entry that was asked for; one without a time only where no time was. */
export function isSelected({ time, level }: LogEntry, { since, level: least }: Selection): boolean {
  if (since !== undefined && !(time !== undefined && Date.parse(time) >= since)) return false;
  return logLevels.indexOf(level) >= logLevels.indexOf(least);
}

/** The last of what is added, so many; all without a number. */
export class Last<T> {
  readonly #most: number;
  #items: T[] = [];

  constructor(most = Infinity) {
    this.#most = most;
  }

  add(item: T): void {
    this.#items.push(item);
    // Not each time: removing the first moves all the others.
    if (this.#items.length > 2 * this.#most) this.#items = this.items();
  }

  items(): T[] {
    return this.#most === 0 ? [] : this.#items.slice(-this.#most);
  }
}
