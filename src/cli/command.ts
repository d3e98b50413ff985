import type { z } from "zod";
import type { CommandShape } from "../generate/command-shape.ts";
import type { Host } from "../platform/host.ts";
import type { Role } from "../model/settings/row.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { LogSink } from "./log.ts";

export type { CommandShape, Example, Option, Positional } from "../generate/command-shape.ts";

/** What a command may use while it runs. */
export interface CommandContext {
  readonly host: Host;
  /** Aborted by Ctrl+C, SIGTERM, or the end of stdin under --progress json. */
  readonly signal: AbortSignal;
  /** Rejects with an error that nobody caught: the command fails with it, whatever it is doing. */
  readonly crash: Promise<never>;
  readonly options: Readonly<Record<string, string | boolean | number | readonly string[] | undefined>>;
  /**
   * Resolves the settings of this machine; rejects with every problem at once (MeshErrors).
   * The role says what they are for: `run` and `server` also demand the settings that these require.
   */
  settings(role?: Role): Promise<Settings>;
  /** Gives the host's log to a sink too, until it is given undefined. */
  logBesides(sink: LogSink | undefined): void;
  /** What the command is doing, for --progress; percent when it is known. */
  progress(activity: string, status: string, percent?: number): void;
  /** Writes one result: text rendered for people, or one JSON object by the command's schema. */
  result(value: unknown): void;
}

/** A command is a value: the tree of commands, help, completion and docs are projections of it. */
export interface Command extends CommandShape {
  /**
   * Schema of each object that `--output json` prints; published by `linkerd-mesh schema`.
   * A function where even zod would be too much to load for the command itself.
   */
  readonly output?: z.ZodType | (() => Promise<z.ZodType>);
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
