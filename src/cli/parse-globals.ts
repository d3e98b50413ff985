import { MeshError } from "../model/errors.ts";
import { renderSuggestion } from "../base/suggest.ts";

/** Forms a result can take on stdout. */
export const outputForms = ["text", "json"] as const;

/** Ways to tell on stderr what is going on. */
export const progressModes = ["auto", "plain", "json", "none"] as const;

/** The flags that every command takes, and what is left of the line without them. */
export interface Globals {
  readonly output: (typeof outputForms)[number];
  readonly progress: (typeof progressModes)[number];
  readonly help: boolean;
  readonly version: boolean;
  readonly rest: readonly string[];
  readonly problems: readonly MeshError[];
}

/**
 * Takes the flags that every command knows out of the command line, wherever they stand before `--`.
 * It never throws: even a line with mistakes says in which form its mistakes shall be told.
 */
export function parseGlobals(line: readonly string[]): Globals {
  const found = { output: "text", progress: "auto", help: false, version: false } as Omit<Globals, "rest" | "problems">;
  const taken = new Map<string, string | boolean>();
  const rest: string[] = [];
  const problems: MeshError[] = [];
  for (let index = 0; index < line.length; index++) {
    const word = line[index] ?? "";
    if (word === "--") {
      rest.push(...line.slice(index));
      break;
    }
    const [flag, attached] = splitFlag(word);
    if (flag === "--help" || flag === "-h") taken.set("help", true);
    else if (flag === "--version") taken.set("version", true);
    else if (flag === "--output" || flag === "--progress") {
      const value = attached ?? line[++index];
      const problem = problemOf(flag, value);
      if (problem === undefined) taken.set(flag.slice(2), value ?? "");
      else problems.push(problem);
    } else rest.push(word);
  }
  return { ...found, ...Object.fromEntries(taken), rest, problems };
}

function splitFlag(word: string): readonly [string, string | undefined] {
  const equals = word.indexOf("=");
  return word.startsWith("--") && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word, undefined];
}

function problemOf(flag: string, value: string | undefined): MeshError | undefined {
  const choices: readonly string[] = flag === "--output" ? outputForms : progressModes;
  if (value !== undefined && choices.includes(value)) return undefined;
  const what = value === undefined
    ? `${flag} needs a value: ${choices.join(", ")}`
    : `${flag} takes ${choices.join(", ")}, not '${value}'${renderSuggestion(value, choices)}`;
  return new MeshError("USAGE", { doing: "reading the command line", what, target: flag });
}
