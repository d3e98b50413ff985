import { z } from "zod";
import type { Command } from "../command.ts";
import { configPathOf } from "../config/read-sources.ts";
import { renderCount, renderJudgement } from "../config/render-report.ts";
import { judgementOf, noticeSchema, problemSchema } from "../config/report.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { sideOf, sideOption } from "../config/side.ts";
import { saidBy } from "../settings.ts";

const output = z.strictObject({
  valid: z.boolean(),
  configFile: z.string().optional(),
  notices: z.array(noticeSchema),
  problems: z.array(problemSchema),
});

type Verdict = z.infer<typeof output>;

/** Says whether a start with these settings could succeed. */
export const configValidate: Command = {
  name: ["config", "validate"],
  describe: "Check all settings, wherever they come from, and tell every problem at once",
  takesSettings: "both",
  options: { for: sideOption },
  examples: [
    { line: "linkerd-mesh config validate", does: "Checks what the harness would run with" },
    { line: "linkerd-mesh config validate --config ./new.yaml", does: "Checks a file before it is put in place" },
  ],
  output,
  render: (verdict: Verdict) => [...renderJudgement(verdict), `${renderCount(verdict.problems.length)}.`].join("\n"),
  async run({ host, options, result }) {
    const said = saidBy(options);
    const resolution = await readResolution(host, said, sideOf(options).role);
    const configFile = configPathOf(host, said.configPath);
    const valid = resolution.problems.length === 0;
    result({ valid, ...(configFile !== undefined && { configFile }), ...judgementOf(resolution) } satisfies Verdict);
    return valid ? 0 : 1;
  },
};
