import { z } from "zod";
import type { Command } from "../command.ts";

/** Says how this machine stands and what to do next. */
export const overview: Command = {
  name: ["overview"],
  describe: "Say how this machine stands and what to do next; the same as no command at all",
  examples: [{ line: "linkerd-mesh", does: "Says how this machine stands and what to do next" }],
  output: z.strictObject({}),
  run({ result }) {
    result({});
    return Promise.resolve(0);
  },
};
