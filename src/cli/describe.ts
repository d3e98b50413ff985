import { shapeOf, type CommandLineShape, type CommandShape } from "../generate/command-shape.ts";
import type { CommandTable } from "./command.ts";
import { globalOptions } from "./global-options.ts";
import { settingFlags } from "./setting-flags.ts";

/** The whole command line as plain data, from the commands themselves: this loads them all. */
export async function describeCommandLine(table: CommandTable): Promise<CommandLineShape> {
  const commands = await Promise.all(table.entries.map(({ load }) => load()));
  return gather(commands.map(shapeOf), table);
}

/** The same from what was generated of the commands; loads none of them. */
export async function readCommandLine(table: CommandTable): Promise<CommandLineShape> {
  const { commandShapes } = await import("./generated/shapes.ts");
  return gather(commandShapes, table);
}

function gather(commands: readonly CommandShape[], { groups }: CommandTable): CommandLineShape {
  return { commands, groups, globals: globalOptions, settings: settingFlags };
}
