import type { Command } from "../command.ts";
import { version, versionLine } from "../version.ts";

/** Prints the program's version. */
export const versionCommand: Command = {
  name: ["version"],
  describe: "Show the version",
  needsHost: false,
  examples: [{ line: "linkerd-mesh version --output json", does: "Shows the version for a script" }],
  output: async () => {
    const { z } = await import("zod");
    return z.strictObject({ version: z.string() });
  },
  render: () => versionLine,
  run({ result }) {
    result({ version });
    return Promise.resolve(0);
  },
};
