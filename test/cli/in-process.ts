import assert from "node:assert/strict";
import { z } from "zod";
import { runCli } from "../../src/cli/cli.ts";
import type { CommandTable } from "../../src/cli/command.ts";
import { commandTable } from "../../src/cli/commands/index.ts";
import { parseGlobals } from "../../src/cli/parse-globals.ts";
import { parseWords } from "../../src/cli/parse-words.ts";
import { outputSchema, stderrLine, toJsonSchema } from "../../src/cli/schemas.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { Host, Log } from "../../src/platform/host.ts";
import { createFakeHost } from "./fake-host.ts";

/** How the command line is run. */
export interface Setting {
  readonly table?: CommandTable;
  readonly host?: (log: Log) => Host;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
  readonly crash?: Promise<never>;
  readonly stopAtInputEnd?: () => void;
}

/** What a run of the command line left. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The crash of a process that has none. */
export const noCrash: Promise<never> = Promise.withResolvers<never>().promise;

/** Runs a command line in this process; every object that it prints is held against the schema it publishes. */
export async function runInProcess(words: readonly string[], setting: Setting = {}): Promise<Ran> {
  const { table = commandTable, host = (log: Log) => createFakeHost({ log }), environment = {}, isTerminal = false } = setting;
  const text = { stdout: "", stderr: "" };
  const terminal: Terminal = {
    words,
    environment,
    stdout: { write: (more) => void (text.stdout += more), isTerminal },
    stderr: { write: (more) => void (text.stderr += more), isTerminal },
    signal: setting.signal ?? new AbortController().signal,
    crash: setting.crash ?? noCrash,
    stopAtInputEnd: setting.stopAtInputEnd ?? ((): void => undefined),
    loadHost: (log) => Promise.resolve(host(log)),
  };
  const code = await runCli(terminal, table);
  await judgeObjects(words, { ...text, table });
  return { code, ...text };
}

/** The objects on lines of their own, one each. */
export function parseLines(text: string): readonly unknown[] {
  return text.split("\n").filter((line) => line !== "").map((line): unknown => JSON.parse(line));
}

async function judgeObjects(words: readonly string[], { stdout, stderr, table }: { readonly stdout: string; readonly stderr: string; readonly table: CommandTable }): Promise<void> {
  const globals = parseGlobals(words);
  if (globals.progress === "json") for (const line of parseLines(stderr)) stderrLine.parse(line);
  if (globals.output !== "json" || stdout === "" || globals.help || globals.version) return;
  const command = await parseWords(globals.rest, table).entry.load();
  const schema = await outputSchema(command);
  assert.ok(schema !== undefined, `${command.name.join(" ")} prints objects without a schema`);
  const objects = parseLines(stdout);
  assert.ok(command.streams === true || objects.length === 1, "one object, or the command says that it streams");
  for (const object of objects) {
    assert.ok(!Array.isArray(object), "no array at the top level");
    schema.parse(object);
    z.fromJSONSchema(toJsonSchema(schema)).parse(object);
  }
}
