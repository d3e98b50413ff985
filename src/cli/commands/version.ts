import { z } from "zod";
import type { Command } from "../command.ts";
import { version, versionLine } from "../version.ts";

const output = z.strictObject({ version: z.string() });

/** Prints the program's version. */
export const versionCommand: Command = {
  name: ["version"],
  describe: "Show the version",
  needsHost: false,
  examples: [{ line: "linkerd-mesh version --output json", does: "Shows the version for a script" }],
  output,
  render: () => versionLine,
  run({ result }) {
    result({ version } satisfies z.infer<typeof output>);
    return Promise.resolve(0);
  },
};
