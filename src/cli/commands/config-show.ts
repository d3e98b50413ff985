import type { Command } from "../command.ts";
import { sideOption, sideOf } from "../config/side.ts";
import { configPathOf } from "../config/read-sources.ts";
import { renderReport } from "../config/render-report.ts";
import { reportOf, reportSchema, type Report } from "../config/report.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { saidBy } from "../settings.ts";

/** Prints every setting with its value and origin, and all problems at once. */
export const configShow: Command = {
  name: ["config", "show"],
  describe: "Show every setting with its value and where it comes from, and all problems at once",
  takesSettings: "both",
  options: { for: sideOption },
  examples: [
    { line: "linkerd-mesh config show", does: "Shows what the harness would run with" },
    { line: "linkerd-mesh config show --cluster-domain example.org", does: "Shows what follows from another cluster domain" },
  ],
  output: reportSchema,
  render: (report: Report) => renderReport(report),
  async run({ host, options, result }) {
    const said = saidBy(options);
    const side = sideOf(options);
    const resolution = await readResolution(host, said, side.role);
    result(reportOf(resolution, side.side, configPathOf(host, said.configPath)) satisfies Report);
    return resolution.problems.length === 0 ? 0 : 1;
  },
};
