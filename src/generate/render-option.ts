import type { Option, Positional } from "./command-shape.ts";

/** How an option is written: `--port <number>`. */
export function renderFlag(name: string, option: Option): string {
  const flag = option.short === undefined ? `--${name}` : `-${option.short}, --${name}`;
  if (option.type === "boolean") return flag;
  const value = option.choices?.join("|") ?? `<${option.value ?? option.type.replace("string", "text")}>`;
  return `${flag} ${value}${option.repeat === true ? " ..." : ""}`;
}

/** A word as usage lines write it: required ones plain, others in brackets. */
export function renderPositional({ name, required, rest }: Positional): string {
  const word = `${name.toUpperCase()}${rest === true ? "..." : ""}`;
  return required ? word : `[${word}]`;
}

/** What an option means, with its default. */
export function describeOption(option: Option): string {
  const value = option.default === undefined || option.default === "" ? [] : [`default ${String(option.default)}`];
  return annotate(option.describe, [...value, ...(option.required === true ? ["required"] : [])]);
}

/** What a word means, with what it may be. */
export function describePositional({ describe, choices }: Positional): string {
  return annotate(describe, choices === undefined ? [] : [`one of ${choices.join(", ")}`]);
}

function annotate(text: string, notes: readonly string[]): string {
  return notes.length === 0 ? text : `${text} (${notes.join("; ")})`;
}
