import type { z } from "zod";
import type { Host } from "../platform/host.ts";
import type { Role } from "../model/settings/row.ts";
import type { Settings } from "../model/settings/settings.ts";

/** How a command takes one option. */
export interface Option {
  readonly type: "string" | "boolean" | "number";
  /** One sentence without a final stop. */
  readonly describe: string;
  /** What the value is, for help: `<port>`; `<text>` or `<number>` when left out. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean | number;
  /** A value that must be given. */
  readonly required?: boolean;
  /** May be given several times; the value is then an array. */
  readonly repeat?: boolean;
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

/** What a command may use while it runs. */
export interface CommandContext {
  readonly host: Host;
  /** Aborted by Ctrl+C, SIGTERM, or the end of stdin under --progress json. */
  readonly signal: AbortSignal;
  readonly options: Readonly<Record<string, string | boolean | number | readonly string[] | undefined>>;
  /**
   * Resolves the settings of this machine; rejects with every problem at once (MeshErrors).
   * The role says what they are for: `run` and `server` also demand the settings that these require.
   */
  settings(role?: Role): Promise<Settings>;
  /** What the command is doing, for --progress; percent when it is known. */
  progress(activity: string, status: string, percent?: number): void;
  /** Writes one result: text rendered for people, or one JSON object by the command's schema. */
  result(value: unknown): void;
}

/** A command is a value: the tree of commands, help, completion and docs are projections of it. */
export interface Command {
  /** Words of the command, e.g. ["config", "show"]. */
  readonly name: readonly string[];
  /** One sentence without a final stop, as help shows it. */
  readonly describe: string;
  readonly positionals?: readonly Positional[];
  readonly options?: Readonly<Record<string, Option>>;
  /** Accepts a flag for every setting of the table. */
  readonly takesSettings?: boolean;
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** Schema of each object that `--output json` prints; published by `linkerd-mesh schema`. */
  readonly output?: z.ZodType;
  /** Several objects, one per line, instead of one. */
  readonly streams?: boolean;
  /** `false`: needs nothing of the machine, so that no platform is loaded; `context.host` then throws. */
  readonly needsHost?: false;
  /** Text for people of one result. */
  readonly render?: (value: never) => string;
  /** Returns the exit code: 0 good, 1 the answer is no. Errors are thrown. */
  readonly run: (context: CommandContext) => Promise<0 | 1>;
}

/** A row of the table of commands: enough for help and typos, the rest is loaded when it is used. */
export interface CommandEntry {
  readonly name: readonly string[];
  /** The same sentence as the command's own; a test holds both together. */
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

/** All commands, and one sentence for each first word that only gathers others. */
export interface CommandTable {
  readonly entries: readonly CommandEntry[];
  readonly groups: Readonly<Record<string, string>>;
}
