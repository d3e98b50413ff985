import { errorCatalogue } from "../model/error-catalogue.ts";
import type { MeshError } from "../model/errors.ts";
import type { LogLevel } from "../platform/host.ts";
import type { Globals } from "./parse-globals.ts";
import { renderError } from "./render-error.ts";
import type { Sink } from "./terminal.ts";

/** Tells on stderr what goes on: as lines for people, or every line as one object. */
export interface Reporter {
  progress(activity: string, status: string, percent?: number): void;
  log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>): void;
  error(error: MeshError): void;
  /** Something for whoever looks for a fault in the program itself. */
  trace(text: string): void;
}

/** The reporter that `--progress` asks for. */
export function createReporter(stderr: Sink, mode: Globals["progress"], colour: boolean): Reporter {
  return mode === "json" ? reportObjects(stderr) : reportLines(stderr, mode === "plain" || (mode === "auto" && stderr.isTerminal), colour);
}

function reportObjects(stderr: Sink): Reporter {
  const write = (line: Readonly<Record<string, unknown>>): void => stderr.write(`${JSON.stringify(line)}\n`);
  return {
    progress: (activity, status, percent) => write({ type: "progress", activity, status, percent }),
    log: (level, message, fields) => write({ type: "log", level, message, ...(Object.keys(fields).length > 0 ? { fields } : {}) }),
    error: ({ code, message, remedy, target }) => write({ type: "error", code, category: errorCatalogue[code].category, message, hint: remedy, target }),
    trace: (text) => write({ type: "log", level: "debug", message: text }),
  };
}

function reportLines(stderr: Sink, withProgress: boolean, colour: boolean): Reporter {
  return {
    progress(activity, status, percent) {
      if (withProgress) stderr.write(`${activity}: ${status}${percent === undefined ? "" : ` (${Math.round(percent)} %)`}\n`);
    },
    log: (level, message, fields) => stderr.write(`${level.padEnd(5)} ${message}${renderFields(fields)}\n`),
    error: (error) => stderr.write(`${renderError(error, colour)}\n`),
    trace: (text) => stderr.write(`${text}\n`),
  };
}

function renderFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("");
}
