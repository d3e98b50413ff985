import type { Processes } from "../../platform/host.ts";
import type { PlaceSpec } from "./network.ts";

/** The command lines of this program, as they are found from inside a place. */
export interface OwnProgram {
  /** What `linkerd-mesh` with these words is there. */
  command(words: readonly string[]): Pick<PlaceSpec, "file" | "args">;
}

/** Translates our own command line when the folder that holds the program is bound to another place. */
export function relocateProgram(processes: Processes, bind: { readonly from: string; readonly to: string }): OwnProgram {
  const relocate = (word: string): string => (word.startsWith(`${bind.from}/`) ? `${bind.to}${word.slice(bind.from.length)}` : word);
  return {
    command: (words) => {
      const { file, args } = processes.self(words);
      return { file: relocate(file), args: args.map(relocate) };
    },
  };
}

/** The folder that holds everything of the program: what all its absolute paths have in common. */
export function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.filter((path) => path.startsWith("/")).map((path) => path.split("/").slice(0, -1));
  const length = first.findIndex((name, index) => others.some((other) => other[index] !== name));
  return (length < 0 ? first : first.slice(0, length)).join("/") || "/";
}

/** A shell script that starts our small proxy where linkerd2-proxy is expected; it becomes the proxy, so that its process id stays. */
export function renderProxyShim({ file, args }: Pick<PlaceSpec, "file" | "args">): string {
  const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
  return ["#!/bin/sh", `exec ${[file, ...args].map(quote).join(" ")} "$@"`, ""].join("\n");
}
