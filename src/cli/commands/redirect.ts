import type { Command, CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { askRedirect } from "../redirect/ask-redirect.ts";
import { judgeRedirect } from "../redirect/judge.ts";
import { adminAddress, awaitRedirect, lookAtRedirect } from "../redirect/look.ts";
import { renderRedirect } from "../redirect/render.ts";
import { redirectReportSchema, type RedirectReport } from "../redirect/report.ts";
import { saidBy } from "../settings.ts";

const shared = {
  takesSettings: "machine",
  output: redirectReportSchema,
  render: (report: RedirectReport) => renderRedirect(report),
} as const;

/** Asks the harness to redirect again. */
export const redirectOn: Command = {
  ...shared,
  name: ["redirect", "on"],
  describe: "Let traffic go through the proxy again; the harness does it as soon as the proxy is ready",
  examples: [{ line: "linkerd-mesh redirect on", does: "Takes back a redirect off" }],
  run: (context) => answer(context, "on"),
};

/** Asks the harness to take the redirect away. */
export const redirectOff: Command = {
  ...shared,
  name: ["redirect", "off"],
  describe: "Let traffic pass as if there were no mesh, until redirect on; also the way back in for who locked himself out",
  examples: [{ line: "linkerd-mesh redirect off", does: "Takes every rule away; the harness and the proxy keep running" }],
  run: (context) => answer(context, "off"),
};

/** Says what is redirected, what shall be, and how the rules differ. */
export const redirectStatus: Command = {
  ...shared,
  name: ["redirect", "status"],
  describe: "Say whether traffic is redirected, whether it shall be, and how the rules differ from the settings",
  examples: [{ line: "linkerd-mesh redirect status --output json", does: "Prints state, owner and differences for a script" }],
  run: (context) => answer(context, "status"),
};

async function answer(context: CommandContext, asked: "on" | "off" | "status"): Promise<0 | 1> {
  const { host, options, signal, result } = context;
  // Not context.settings(): a mistake elsewhere in the settings must not keep anybody from switching off.
  const resolution = await readResolution(host, saidBy(options), "run");
  const harness = await askRedirect(adminAddress(resolution), asked === "status" ? undefined : asked, signal);
  const seen = asked !== "status" && harness.state === "answering"
    ? await awaitRedirect(host, resolution, { want: asked, signal })
    : await lookAtRedirect(host, resolution, signal);
  const setting = resolution.resolved.get("outboundRedirect")?.value === "off" ? "off" : "on";
  const { report, good } = judgeRedirect({ asked, setting, harness, seen });
  result(report);
  return good ? 0 : 1;
}
