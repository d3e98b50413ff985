import type { Command, CommandContext } from "./command.ts";
import type { Globals } from "./parse-globals.ts";
import type { Sink } from "./terminal.ts";

/** Writes results to stdout: rendered for people, or each as one object on a line of its own. */
export function createResultWriter(command: Command, form: Globals["output"], stdout: Sink): CommandContext["result"] {
  return (value) => {
    const text = form === "json" ? JSON.stringify(value) : renderText(command, value);
    if (text !== "") stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  };
}

function renderText(command: Command, value: unknown): string {
  return command.render === undefined ? JSON.stringify(value, undefined, 2) : command.render(value as never);
}
