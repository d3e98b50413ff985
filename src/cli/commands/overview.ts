import type { Command } from "../command.ts";
import { judgeOverview } from "../overview/judge.ts";
import { readMachineFacts } from "../overview/observe.ts";
import { overviewSchema, type Overview } from "../overview/overview.ts";
import { renderOverview } from "../overview/render.ts";
import { saidBy } from "../settings.ts";

/** Says how this machine stands and what to do next. */
export const overview: Command = {
  name: ["overview"],
  describe: "Say how this machine stands and what to do next; the same as no command at all",
  takesSettings: "machine",
  examples: [
    { line: "linkerd-mesh", does: "Says how this machine stands and what to do next" },
    { line: "linkerd-mesh --output json", does: "Says the same as one JSON object" },
  ],
  output: overviewSchema,
  render: (value: Overview) => renderOverview(value),
  async run({ host, options, signal, result }) {
    result(judgeOverview(await readMachineFacts(host, saidBy(options), signal)) satisfies Overview);
    return 0;
  },
};
