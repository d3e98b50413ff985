import type { CommandTable } from "./command.ts";
import { readCommandLine } from "./describe.ts";
import { isGroup, leadingWords, parseWords } from "./parse-words.ts";
import { renderCommandHelp, renderGroupHelp, renderProgramHelp } from "./render-help.ts";

/** Help for what the line names: the program, a group of commands, or one command. */
export async function helpFor(line: readonly string[], table: CommandTable): Promise<string> {
  const words = leadingWords(line[0] === "help" ? line.slice(1) : line);
  if (words.length === 0) return renderProgramHelp(table);
  const { commands, settings } = await readCommandLine(table);
  if (isGroup(words, table)) return renderGroupHelp(words, table, commands);
  const { entry } = parseWords(words, table);
  const shape = commands.find((command) => command.name.join(" ") === entry.name.join(" "));
  return renderCommandHelp(shape ?? (await entry.load()), table, settings);
}
