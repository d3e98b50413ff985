import type { CommandContext, Option } from "../command.ts";

/** Which program's settings are meant. */
export const sideOption: Option = {
  type: "string",
  choices: ["run", "autoregister"],
  default: "run",
  describe: "The command whose settings are meant: the harness, or the registration service",
};

/** The role in which settings are resolved, and whose rows are shown. */
export function sideOf(options: CommandContext["options"]): { readonly role: "run" | "server"; readonly side: "machine" | "server" } {
  return options["for"] === "autoregister" ? { role: "server", side: "server" } : { role: "run", side: "machine" };
}
