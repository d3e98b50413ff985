import { parseAllDocuments, type Document } from "yaml";
import type { ExternalGroup } from "../model/external-group.ts";
import { parseGroupManifest } from "../model/external-group-manifest.ts";

/** The groups of a file, and what is wrong with those of its documents that are none. */
export interface ParsedGroups {
  readonly groups: readonly ExternalGroup[];
  readonly problems: readonly string[];
}

// More than a person reads; what is left over shows when these are mended.
const mostProblems = 20;
// Aliases in aliases grow without bound.
const mostAliases = 100;

/** Reads a file of ExternalGroups, one to a YAML document. A bad document takes nothing away from the others. */
export function parseGroupsFile(text: string): ParsedGroups {
  const parsed = parseAllDocuments(text);
  const documents: readonly Document[] = Array.isArray(parsed) ? parsed : [];
  const results = documents.map(parseDocument);
  const groups = results.flatMap((result) => result.groups);
  const problems = results.flatMap((result, index) => result.problems.map((problem) => (documents.length > 1 ? `document ${index + 1}: ${problem}` : problem)));
  return { groups, problems: problems.slice(0, mostProblems) };
}

function parseDocument(document: Document): ParsedGroups {
  const read = readValue(document);
  if (typeof read === "string") return { groups: [], problems: [read] };
  // Nothing but comments, as between two separators.
  if (read.value === null || read.value === undefined) return { groups: [], problems: [] };
  const items = readItems(read.value);
  if (items === undefined) return parseManifest(read.value);
  const results = items.map(parseManifest);
  return { groups: results.flatMap(({ groups }) => groups), problems: results.flatMap(({ problems }, index) => problems.map((problem) => `items.${index}.${problem}`)) };
}

/** The objects of a list, as `kubectl get --output yaml` prints several. */
function readItems(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("items" in value)) return undefined;
  const isList = value.kind === "List" || value.kind === "ExternalGroupList";
  return isList && Array.isArray(value.items) ? value.items : undefined;
}

function parseManifest(value: unknown): ParsedGroups {
  const manifest = parseGroupManifest(value);
  return manifest.ok ? { groups: [manifest.group], problems: [] } : { groups: [], problems: manifest.problems };
}

function readValue(document: Document): { readonly value: unknown } | string {
  const [error] = document.errors;
  // The rest of the message quotes the file.
  if (error !== undefined) return `is no YAML: ${error.message.split("\n")[0]?.replace(/:$/u, "") ?? ""}`;
  try {
    return { value: document.toJS({ maxAliasCount: mostAliases }) as unknown };
  } catch (cause) {
    return `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}
