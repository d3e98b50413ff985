import type { Command } from "../command.ts";
import { sideOption, sideOf } from "../config/side.ts";
import { configPathOf } from "../config/read-sources.ts";
import { renderReport } from "../config/render-report.ts";
import { reportOf, reportSchema, type Report } from "../config/report.ts";
import { readWithGroup } from "../config/group-values.ts";
import { readSettle } from "../config/resolve-settings.ts";
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
    const settle = await readSettle(host, said, side.role);
    const resolution = side.side === "machine" ? await readWithGroup(host, settle) : settle({});
    result(reportOf(resolution, side.side, configPathOf(host, said.configPath)) satisfies Report);
    return resolution.problems.length === 0 ? 0 : 1;
  },
};
