import type { Log, LogLevel } from "../platform/host.ts";
import type { Reporter } from "./reporter.ts";

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** Takes a line of the log with its fields. */
export type LogSink = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;

/** Which lines are written, and where besides; may change while the program runs. */
export interface Threshold {
  /** The least severe lines that are written. */
  level: LogLevel;
  /** Gets the lines too. */
  besides?: LogSink | undefined;
}

/** True when lines of that level are written. */
export function isLogged(level: LogLevel, { level: least }: Pick<Threshold, "level">): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

/** The level with that name, or undefined. */
export function parseLogLevel(text: string | undefined): LogLevel | undefined {
  return levels.find((level) => level === text?.toLowerCase());
}

/** A log whose lines go where the command's progress and errors go, and where the threshold says besides. */
export function createLog(reporter: Reporter, threshold: Threshold, fields: Readonly<Record<string, unknown>> = {}): Log {
  return {
    write(level, message, more = {}) {
      if (!isLogged(level, threshold)) return;
      const all = { ...fields, ...more };
      reporter.log(level, message, all);
      threshold.besides?.(level, message, all);
    },
    child: (more) => createLog(reporter, threshold, { ...fields, ...more }),
  };
}
