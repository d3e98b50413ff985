import type { SettingSide } from "../model/settings/row.ts";

/** How a command takes one option. */
export interface Option {
  readonly type: "string" | "boolean" | "number";
  /** One sentence without a final stop. */
  readonly describe: string;
  /** What the value is, for help: `port` shows as `<port>`; `path` and `file` complete file names. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean | number;
  /** A value that must be given. */
  readonly required?: boolean;
  /** May be given several times; the value is then an array. */
  readonly repeat?: boolean;
  /** One letter that means the same. */
  readonly short?: string;
}

/** A word that follows the command's name. */
export interface Positional {
  readonly name: string;
  readonly describe: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  /** Takes all remaining words. */
  readonly rest?: boolean;
}

/** A call and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** What help, completion and docs show of a command: all of it that is plain data. */
export interface CommandShape {
  /** Words of the command, e.g. ["config", "show"]. */
  readonly name: readonly string[];
  /** One sentence without a final stop, as help shows it. */
  readonly describe: string;
  readonly positionals?: readonly Positional[];
  readonly options?: Readonly<Record<string, Option>>;
  /** Accepts a flag for every setting of this side. */
  readonly takesSettings?: SettingSide;
  readonly examples: readonly Example[];
  /** `--output json` prints several objects, one per line, instead of one. */
  readonly streams?: boolean;
}

/** The whole command line as plain data. */
export interface CommandLineShape {
  readonly commands: readonly CommandShape[];
  /** One sentence for each word that only gathers commands. */
  readonly groups: Readonly<Record<string, string>>;
  /** Options that every command takes. */
  readonly globals: Readonly<Record<string, Option>>;
  /** Options of the settings, for the commands that take them. */
  readonly settings: Readonly<Record<SettingSide, Readonly<Record<string, Option>>>>;
}

/** The plain data of a command that may hold more. */
export function shapeOf(command: CommandShape): CommandShape {
  const { name, describe, positionals, options, takesSettings, examples, streams } = command;
  return {
    name,
    describe,
    examples,
    ...(positionals === undefined ? {} : { positionals }),
    ...(options === undefined ? {} : { options }),
    ...(takesSettings === undefined ? {} : { takesSettings }),
    ...(streams === undefined ? {} : { streams }),
  };
}
