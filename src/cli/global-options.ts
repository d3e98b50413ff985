import type { Option } from "./command.ts";

/** Flags that every command takes. */
export const globalOptions: Readonly<Record<string, Option>> = {
  output: { type: "string", choices: ["text", "json"], default: "text", describe: "Form of the result on stdout; its schema: `linkerd-mesh schema COMMAND`" },
  progress: {
    type: "string", choices: ["auto", "plain", "json", "none"], default: "auto",
    describe: "What goes to stderr besides errors; auto is plain on a terminal, else none; with json the end of stdin stops the command",
  },
  help: { type: "boolean", describe: "Show this help" },
  version: { type: "boolean", describe: "Show the version" },
};
