import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type ParsedNode, type YAMLMap } from "yaml";
import type { ConfigEntry, ConfigFile } from "./sources.ts";

/** The config file's map with what is needed to find places in its text. */
export interface ConfigDocument {
  readonly map: YAMLMap.Parsed | undefined;
  readonly file: ConfigFile;
}

/** Reads the text of a config file; whatever is wrong becomes a trouble with its line. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  return parseConfigDocument(text, path).file;
}

/** As `parseConfigFile`, with the places of all nodes. */
export function parseConfigDocument(text: string, path: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line || 1;
  const troubles = document.errors.map(({ pos, message }) => ({ line: lineAt(pos[0]), what: firstLine(message) }));
  const { contents } = document;
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === null)) {
    troubles.push({ line: lineAt(contents.range[0]), what: "the file is not a list of `setting: value` lines" });
  }
  const map = isMap(contents) ? contents : undefined;
  const entries = (map?.items ?? []).map(({ key, value }): ConfigEntry => ({
    key: renderKey(key),
    line: lineAt(key.range[0]),
    value: valueOf(value, document),
  }));
  return { map, file: { path, entries, troubles } };
}

function renderKey(key: ParsedNode): string {
  return isScalar(key) ? scalarText(key) : "(not a name)";
}

function valueOf(node: ParsedNode | null, document: Document.Parsed): ConfigEntry["value"] {
  const value = isAlias(node) ? node.resolve(document) : node;
  if (isScalar(value)) {
    return value.value === null ? { trouble: "it has no value; remove the line, or write \"\" for an empty one" } : { text: scalarText(value) };
  }
  if (isSeq(value)) return joinItems(value.items.map((item) => itemText(item)));
  if (isMap(value)) return joinItems(value.items.map(({ key, value: item }) => pairText(key, item)));
  return { trouble: "it has no value; remove the line, or write \"\" for an empty one" };
}

function joinItems(items: readonly (string | undefined)[]): ConfigEntry["value"] {
  const texts = items.filter((item) => item !== undefined);
  return texts.length === items.length ? { text: texts.join(",") } : { trouble: "its items are not all single values" };
}

function pairText(key: unknown, item: unknown): string | undefined {
  const [name, text] = [itemText(key), itemText(item)];
  return name === undefined || text === undefined ? undefined : `${name}=${text}`;
}

function itemText(item: unknown): string | undefined {
  return isScalar(item) && item.value !== null ? scalarText(item) : undefined;
}

// The source of a number or boolean is what its author wrote: 007 and 0x10 shall not turn into other digits.
function scalarText(scalar: { readonly value: unknown; readonly source?: string }): string {
  return typeof scalar.value === "string" ? scalar.value : scalar.source ?? String(scalar.value);
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}
