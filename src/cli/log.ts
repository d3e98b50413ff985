import type { Log, LogLevel } from "../platform/host.ts";
import type { Reporter } from "./reporter.ts";

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** The least severe lines that are written; may change while the program runs. */
export interface Threshold {
  level: LogLevel;
}

/** True when lines of that level are written. */
export function isLogged(level: LogLevel, { level: least }: Threshold): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

/** The level with that name, or undefined. */
export function parseLogLevel(text: string | undefined): LogLevel | undefined {
  return levels.find((level) => level === text?.toLowerCase());
}

/** A log whose lines go where the command's progress and errors go. */
export function createLog(reporter: Reporter, threshold: Threshold, fields: Readonly<Record<string, unknown>> = {}): Log {
  return {
    write(level, message, more = {}) {
      if (isLogged(level, threshold)) reporter.log(level, message, { ...fields, ...more });
    },
    child: (more) => createLog(reporter, threshold, { ...fields, ...more }),
  };
}
