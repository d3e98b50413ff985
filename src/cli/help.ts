import type { CommandTable } from "./command.ts";
import { isGroup, leadingWords, parseWords } from "./parse-words.ts";
import { renderCommandHelp, renderGroupHelp, renderProgramHelp } from "./render-help.ts";

/** Help for what the line names: the program, a group of commands, or one command. */
export async function helpFor(line: readonly string[], table: CommandTable): Promise<string> {
  const words = leadingWords(line[0] === "help" ? line.slice(1) : line);
  if (words.length === 0) return renderProgramHelp(table);
  if (isGroup(words, table)) return renderGroupHelp(words, table);
  const command = await parseWords(words, table).entry.load();
  const settings = command.takesSettings === true ? (await import("./settings.ts")).settingFlags : {};
  return renderCommandHelp(command, table, settings);
}
