import yargs from "yargs";
import { MeshError, MeshErrors } from "../model/errors.ts";
import type { Command, CommandContext, Option, Positional } from "./command.ts";
import { renderSuggestion } from "../base/suggest.ts";

/** What the words after a command's name may be. */
export interface Accepted {
  readonly command: readonly string[];
  readonly positionals: readonly Positional[];
  readonly options: Readonly<Record<string, Option>>;
}

type Options = CommandContext["options"];
type Value = Options[string];

// Nothing is guessed: no numbers out of digits, no nested objects out of dots, no lists out of following words.
const parsing = {
  "boolean-negation": true,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": true,
  "flatten-duplicate-arrays": true,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "short-option-groups": false,
};

/** Reads the words after a command's name; throws USAGE for every mistake in them at once. */
export function parseOptions(args: readonly string[], accepted: Accepted): Options {
  const raw = parseRaw(args, accepted);
  const shorts = new Set(Object.values(accepted.options).map(({ short }) => short));
  const problems: string[] = [];
  const values = new Map<string, Value>();
  for (const [name, text] of Object.entries(raw)) {
    if (name === "_" || name === "$0" || shorts.has(name)) continue;
    const option = accepted.options[name];
    if (option === undefined) problems.push(describeUnknown(name, Object.keys(accepted.options)));
    else values.set(name, parseValue(name, { option, text, problems }));
  }
  for (const [name, option] of Object.entries(accepted.options)) {
    if (values.get(name) === undefined && option.default !== undefined) values.set(name, option.default);
    if (option.required === true && raw[name] === undefined) problems.push(`--${name} is missing`);
  }
  placeWords(raw._.map(String), { positionals: accepted.positionals, values, problems });
  throwAll(problems, accepted);
  return Object.fromEntries(values);
}

/**
 * Everything that a command's line may hold, the flags of its settings included. Those are taken as they are: the
 * settings judge all their sources together, so that every mistake is told at once and in the same words.
 */
export function acceptedBy(command: Pick<Command, "name" | "options" | "positionals">, settings: Readonly<Record<string, Option>>): Accepted {
  const flags = Object.entries(settings).map(([name, { type, describe }]): [string, Option] => [name, { type, describe }]);
  return {
    command: command.name,
    positionals: command.positionals ?? [],
    options: { ...Object.fromEntries(flags), ...command.options },
  };
}

function parseRaw(args: readonly string[], accepted: Accepted): { readonly [name: string]: unknown; readonly _: readonly (string | number)[] } {
  const names = (boolean: boolean): string[] => Object.entries(accepted.options).filter(([, { type }]) => (type === "boolean") === boolean).map(([name]) => name);
  try {
    return yargs([...args])
      .detectLocale(false)
      .parserConfiguration(parsing)
      .help(false)
      .version(false)
      .exitProcess(false)
      .fail(false)
      .alias(Object.fromEntries(Object.entries(accepted.options).flatMap(([name, { short }]) => (short === undefined ? [] : [[name, short]]))))
      .string(names(false))
      .nargs(Object.fromEntries(names(false).map((name) => [name, 1])))
      .boolean(names(true))
      .parseSync();
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause), accepted);
  }
}

function parseValue(name: string, given: { readonly option: Option; readonly text: unknown; readonly problems: string[] }): Value {
  const { option, problems } = given;
  const all: readonly unknown[] = Array.isArray(given.text) ? given.text : [given.text];
  if (option.type === "boolean") return all.at(-1) === true;
  const texts = all.map(String);
  for (const text of texts) problems.push(...judgeChoice(`--${name}`, text, option.choices));
  if (option.repeat === true) return texts;
  const last = texts.at(-1) ?? "";
  if (option.type === "string") return last;
  if (!/^-?\d+(?:\.\d+)?$/u.test(last)) problems.push(`--${name} takes a number, not '${last}'`);
  return Number(last);
}

function placeWords(words: readonly string[], into: { readonly positionals: readonly Positional[]; readonly values: Map<string, Value>; readonly problems: string[] }): void {
  const left = [...words];
  for (const positional of into.positionals) {
    const taken = positional.rest === true ? left.splice(0) : left.splice(0, 1);
    if (taken.length === 0 && positional.required) into.problems.push(`<${positional.name}> is missing: ${positional.describe}`);
    for (const word of taken) into.problems.push(...judgeChoice(`<${positional.name}>`, word, positional.choices));
    if (taken.length > 0) into.values.set(positional.name, positional.rest === true ? taken : taken[0]);
  }
  for (const word of left) into.problems.push(`'${word}' is one word too many`);
}

function judgeChoice(name: string, text: string, choices: readonly string[] | undefined): readonly string[] {
  if (choices === undefined || choices.includes(text)) return [];
  return [`${name} takes ${choices.join(", ")}, not '${text}'${renderSuggestion(text, choices)}`];
}

function describeUnknown(name: string, known: readonly string[]): string {
  const flag = name.length === 1 ? `-${name}` : `--${name}`;
  return `there is no option ${flag}${renderSuggestion(flag, known.map((option) => `--${option}`))}`;
}

function throwAll(problems: readonly string[], accepted: Accepted): void {
  const [first, ...others] = problems.map((what) => usage(what, accepted));
  if (first === undefined) return;
  throw others.length === 0 ? first : new MeshErrors([first, ...others]);
}

function usage(what: string, { command }: Accepted): MeshError {
  const called = ["linkerd-mesh", ...command].join(" ");
  return new MeshError("USAGE", { doing: `reading the words after ${called}`, what, remedy: `Run \`${called} --help\` to see its options and an example.` });
}
