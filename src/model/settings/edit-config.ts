import { isCollection, isScalar, type Pair, type ParsedNode } from "yaml";
import { MeshError } from "../errors.ts";
import { parseConfigDocument } from "./config-file.ts";
import type { ConfigFile } from "./sources.ts";

/** One change of a config file: a new value, or none any more. */
export interface ConfigEdit {
  readonly key: string;
  readonly text: string | undefined;
}

/**
 * The file's text with one key changed; every other byte, comments and order included, stays.
 * Throws CONFIG_UNREADABLE rather than guess how to change a file that is not understood.
 */
export function editConfig(text: string, path: string, edit: ConfigEdit): string {
  const { map, file } = parseConfigDocument(text, path);
  const trouble = file.troubles[0];
  if (trouble !== undefined) throw unreadable(path, `line ${trouble.line ?? 1}: ${trouble.what}`);
  const pair = map?.items.find(({ key }) => isScalar(key) && key.value === edit.key);
  const edited = pair === undefined ? addPair(text, edit) : edit.text === undefined ? removePair(text, pair) : replaceValue(text, pair, edit.text);
  if (!isSameBut(parseConfigDocument(edited, path).file, file, edit)) throw unreadable(path, `${edit.key} cannot be changed there by this program`);
  return edited;
}

type Entry = Pair<ParsedNode, ParsedNode | null>;

function replaceValue(text: string, { key, value }: Entry, wanted: string): string {
  const afterKey = key.range[1];
  const colon = text.indexOf(":", afterKey);
  const [start, end] = value === null || (isScalar(value) && value.value === null) ? [colon + 1, colon + 1] : value.range;
  const between = text.slice(colon + 1, start);
  // A value that began on a line of its own moves up beside its key; comments between the two follow it.
  if (isCollection(value) && between.includes("\n")) return `${text.slice(0, colon + 1)} ${renderScalar(wanted)}${between.trimEnd()}${withLineEnd(text, end)}`;
  return `${text.slice(0, colon + 1)}${between === "" ? " " : between}${renderScalar(wanted)}${withLineEnd(text, end)}`;
}

// The range of a block value includes the end of its last line.
function withLineEnd(text: string, end: number): string {
  const rest = text.slice(end);
  return text[end - 1] === "\n" ? `${lineEndOf(text)}${rest}` : rest;
}

function removePair(text: string, { key, value }: Entry): string {
  const start = text.lastIndexOf("\n", key.range[0] - 1) + 1;
  const valueEnd = value?.range[1] ?? key.range[1];
  const lineEnd = text[valueEnd - 1] === "\n" ? valueEnd : text.indexOf("\n", valueEnd) + 1;
  return text.slice(0, start) + (lineEnd === 0 ? "" : text.slice(lineEnd));
}

function addPair(text: string, { key, text: wanted }: ConfigEdit): string {
  if (wanted === undefined) return text;
  const lineEnd = lineEndOf(text);
  const before = text === "" || text.endsWith("\n") ? text : text + lineEnd;
  return `${before}${key}: ${renderScalar(wanted)}${lineEnd}`;
}

function lineEndOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** A text as YAML on one line: bare where no reader takes it for anything else. */
function renderScalar(text: string): string {
  const bare = /^[A-Za-z0-9/][A-Za-z0-9/._=@+-]*(?::[A-Za-z0-9/._=@+-]+)*$/.test(text) && !/^(?:null|true|false)$/i.test(text);
  if (bare || /^(?:true|false)$/.test(text)) return text;
  return text.includes("\\") && !/['\p{Cc}]/u.test(text) ? `'${text}'` : JSON.stringify(text);
}

/** The proof after the change: the key says what was wanted, every other one what it said before. */
function isSameBut(after: ConfigFile, before: ConfigFile, edit: ConfigEdit): boolean {
  const others = (file: ConfigFile): string => JSON.stringify(file.entries.filter(({ key }) => key !== edit.key).map(({ key, value }) => [key, value]));
  const now = after.entries.filter(({ key }) => key === edit.key).map(({ value }) => ("text" in value ? value.text : undefined));
  const isWanted = edit.text === undefined ? now.length === 0 : now.length === 1 && now[0] === edit.text;
  return after.troubles.length === 0 && isWanted && others(after) === others(before);
}

function unreadable(path: string, what: string): MeshError {
  return new MeshError("CONFIG_UNREADABLE", { doing: `changing the config file ${path}`, what, target: path });
}
