import { isRecord, parseObject } from "../base/parse-json.ts";

/** The words for how severe a line is, least first. */
export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;

/** One entry of a log. */
export interface LogRecord {
  /** ISO 8601 with its zone. */
  readonly time: string;
  readonly level: (typeof logLevels)[number];
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** How the lines of a log file are written. */
export type LogForm = "text" | "json";

/** A record as one line without its end, whatever its message holds. */
export function renderLogRecord({ time, level, message, fields }: LogRecord, form: LogForm): string {
  const some = fields !== undefined && Object.keys(fields).length > 0;
  if (form === "json") return renderJson({ time, level, message, ...(some ? { fields } : {}) });
  return `${time} ${level.padEnd(5)} ${escapeControl(message)}${some ? `\t${renderJson(fields)}` : ""}`;
}

/** Reads a line of either form; undefined for one that is neither. */
export function parseLogRecord(line: string): LogRecord | undefined {
  return line.startsWith("{") ? parseJson(line) : parseText(line);
}

/** The moment that a time of a log or of a person means, in milliseconds; without a zone it is this machine's own time. */
export function parseTime(text: string): number | undefined {
  // A date alone would be taken as UTC.
  const given = text.trim();
  const time = Date.parse(/^\d{4}-\d\d-\d\d$/u.test(given) ? `${given}T00:00` : given.replace(/^(\d{4}-\d\d-\d\d) /u, "$1T"));
  return /^\d{4}-\d\d-\d\d/u.test(given) && !Number.isNaN(time) ? time : undefined;
}

function parseJson(line: string): LogRecord | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const { time, level, message, fields } = value;
  const known = logLevels.find((name) => name === level);
  const moment = typeof time === "string" ? parseTime(time) : undefined;
  if (known === undefined || moment === undefined || typeof message !== "string") return undefined;
  return { time: renderTime(moment), level: known, message, ...(isRecord(fields) ? { fields } : {}) };
}

const textLine = /^(\d{4}-\d\d-\d\d[T ]\S+) (?:(trace|debug|error) |(info|warn) {2})([^\t]*)(?:\t(\{.*\}))?$/u;

function parseText(line: string): LogRecord | undefined {
  const [, time = "", long, short, message = "", rest] = textLine.exec(line) ?? [];
  const known = logLevels.find((name) => name === long || name === short);
  const moment = parseTime(time);
  if (known === undefined || moment === undefined) return undefined;
  const fields = rest === undefined ? undefined : parseObject(rest);
  if (rest !== undefined && fields === undefined) return undefined;
  return { time: renderTime(moment), level: known, message: unescapeControl(message), ...(fields === undefined ? {} : { fields }) };
}

function renderTime(moment: number): string {
  return new Date(moment).toISOString();
}

// Control and format characters, halves of characters and line separators would tear the line or play tricks on a terminal.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu;

function escapeControl(text: string): string {
  return text.replace(unprintable, (character) => (character === "\\" ? "\\\\" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`));
}

// JSON itself escapes only some of them.
function renderJson(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""));
}

function unescapeControl(text: string): string {
  return text.replaceAll(/\\(?:\\|u\{([0-9a-f]{1,6})\})/gu, (_whole, code: string | undefined) => (code === undefined ? "\\" : String.fromCodePoint(Number.parseInt(code, 16))));
}
