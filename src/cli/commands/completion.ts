import { renderBashCompletion } from "../../generate/completion-bash.ts";
import { renderZshCompletion } from "../../generate/completion-zsh.ts";
import type { Command, CommandTable } from "../command.ts";
import { readCommandLine } from "../describe.ts";

/** The command that prints completion scripts of this table of commands. */
export function createCompletionCommand(table: CommandTable): Command {
  return {
    name: ["completion"],
    describe: "Print the completion script of a shell",
    needsHost: false,
    positionals: [{ name: "shell", describe: "The shell", required: true, choices: ["bash", "zsh"] }],
    examples: [
      { line: "source <(linkerd-mesh completion bash)", does: "Switches completion on in this bash" },
      { line: "linkerd-mesh completion bash > /etc/bash_completion.d/linkerd-mesh", does: "Switches it on in every bash" },
      { line: "linkerd-mesh completion zsh > \"${fpath[1]}/_linkerd-mesh\"", does: "Switches it on in zsh" },
    ],
    output: async () => {
      const { z } = await import("zod");
      return z.strictObject({ shell: z.enum(["bash", "zsh"]), script: z.string() });
    },
    render: ({ script }: { readonly script: string }) => script,
    async run({ options, result }) {
      const shell = options["shell"] === "zsh" ? "zsh" : "bash";
      const shape = await readCommandLine(table);
      const script = shell === "zsh" ? renderZshCompletion(shape) : renderBashCompletion(shape);
      result({ shell, script });
      return 0;
    },
  };
}
