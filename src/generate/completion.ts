import type { SettingSide } from "../model/settings/row.ts";
import type { CommandLineShape, CommandShape, Option } from "./command-shape.ts";

/** A word that may come next, and what it means. */
export interface Offer {
  readonly word: string;
  readonly describe: string;
}

/** A flag with what may follow it. */
export interface FlagOffer extends Offer {
  readonly value: "none" | "text" | "file" | readonly string[];
}

/** A place on the command line: the words so far, and what may come next. */
export interface CompletionNode {
  readonly path: string;
  /** Words that go on with the command's name, or that its first positional may be. */
  readonly words: readonly Offer[];
  readonly flags: readonly FlagOffer[];
  readonly takesSettings: SettingSide | undefined;
}

/** The sides whose settings a command may take as flags. */
export const settingSides = ["machine", "server", "both"] as const satisfies readonly SettingSide[];

/** Every place where completion has something to offer, the empty line first. */
export function planCompletion(shape: CommandLineShape): readonly CompletionNode[] {
  const paths = new Set(["", ...shape.commands.flatMap(({ name }) => name.map((_, index) => name.slice(0, index + 1).join(" ")))]);
  return [...paths].map((path) => nodeAt(path, shape));
}

/** Options as flags to offer, in their order. */
export function offerFlags(options: Readonly<Record<string, Option>>): readonly FlagOffer[] {
  return Object.entries(options).flatMap(([name, option]) => {
    const words = [`--${name}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
    return words.map((word) => ({ word, describe: option.describe, value: valueOf(option) }));
  });
}

function nodeAt(path: string, shape: CommandLineShape): CompletionNode {
  const command = shape.commands.find(({ name }) => name.join(" ") === path);
  return {
    path,
    words: [...nextWords(path, shape), ...positionalWords(command)],
    flags: [...offerFlags(command?.options ?? {}), ...offerFlags(shape.globals)],
    takesSettings: command?.takesSettings,
  };
}

function nextWords(path: string, { commands, groups }: CommandLineShape): readonly Offer[] {
  const before = path === "" ? "" : `${path} `;
  const next = new Map<string, string>();
  for (const { name, describe } of commands) {
    const whole = name.join(" ");
    if (!whole.startsWith(before)) continue;
    const word = whole.slice(before.length).split(" ")[0] ?? "";
    const reached = before + word;
    if (!next.has(word) || whole === reached) next.set(word, whole === reached ? describe : groups[reached] ?? "");
  }
  return [...next].map(([word, describe]) => ({ word, describe }));
}

function positionalWords(command: CommandShape | undefined): readonly Offer[] {
  const first = command?.positionals?.[0];
  return (first?.choices ?? []).map((word) => ({ word, describe: first?.describe ?? "" }));
}

function valueOf(option: Option): FlagOffer["value"] {
  if (option.type === "boolean") return "none";
  if (option.choices !== undefined) return option.choices;
  return option.value === "path" || option.value === "file" ? "file" : "text";
}
