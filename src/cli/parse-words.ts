import { MeshError } from "../model/errors.ts";
import type { CommandEntry, CommandTable } from "./command.ts";
import { renderSuggestion } from "../base/suggest.ts";

/** The command that a line names, and what follows its name. */
export interface Named {
  readonly entry: CommandEntry;
  readonly args: readonly string[];
}

/** Name of the command that a line without any word means. */
export const overviewName: readonly string[] = ["overview"];

/** Finds the command with the longest name at the start of the line; throws USAGE for a word that leads nowhere. */
export function parseWords(line: readonly string[], table: CommandTable): Named {
  const words = leadingWords(line);
  if (words.length === 0) return { entry: findEntry(overviewName, table.entries), args: line };
  for (let length = words.length; length > 0; length--) {
    const entry = table.entries.find(({ name }) => isSame(name, words.slice(0, length)));
    if (entry !== undefined) return { entry, args: line.slice(length) };
  }
  throw unknownWord(words, table);
}

/** Commands below these words, nearest first in the table's order. */
export function childrenOf(words: readonly string[], table: CommandTable): readonly CommandEntry[] {
  return table.entries.filter(({ name }) => name.length > words.length && isSame(name.slice(0, words.length), words));
}

/** True when the words only gather commands and are none themselves. */
export function isGroup(words: readonly string[], table: CommandTable): boolean {
  return words.length > 0 && childrenOf(words, table).length > 0 && !table.entries.some(({ name }) => isSame(name, words));
}

/** The words before the first flag. */
export function leadingWords(line: readonly string[]): readonly string[] {
  const flag = line.findIndex((word) => word.startsWith("-"));
  return flag < 0 ? line : line.slice(0, flag);
}

/** USAGE for words that name no command, with what was most likely meant. */
export function unknownWord(words: readonly string[], table: CommandTable): MeshError {
  const known = words.findIndex((_, index) => childrenOf(words.slice(0, index + 1), table).length === 0);
  const group = words.slice(0, known < 0 ? words.length : known);
  const next = new Set(childrenOf(group, table).map(({ name }) => name[group.length] ?? ""));
  const word = words[group.length];
  const called = ["linkerd-mesh", ...group].join(" ");
  const what = word === undefined
    ? `${called} needs one more word: ${[...next].join(", ")}`
    : `${called} has no command '${word}'${renderSuggestion(word, next)}`;
  const remedy = `Run \`${called} --help\` to see its commands.`;
  return new MeshError("USAGE", { doing: "reading the command line", what, remedy, ...(word === undefined ? {} : { target: word }) });
}

function findEntry(name: readonly string[], entries: readonly CommandEntry[]): CommandEntry {
  const entry = entries.find((candidate) => isSame(candidate.name, name));
  if (entry === undefined) throw new MeshError("INTERNAL", { doing: "looking for a command", what: `there is no command '${name.join(" ")}'` });
  return entry;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}
