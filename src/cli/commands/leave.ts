import { isMeshError, MeshError } from "../../model/errors.ts";
import type { Settings } from "../../model/settings/settings.ts";
import type { Command, CommandContext } from "../command.ts";
import { askToLeave, awaitEnd, type HarnessFarewell } from "../leave/ask-to-leave.ts";
import { leaveReportSchema, renderLeave, type LeaveReport } from "../leave/report.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { adminAddress } from "../redirect/look.ts";
import { saidBy } from "../settings.ts";

// What a harness may take beyond its own budget: its watchdog gives it a second, and the process goes after that.
const lateness = 3000;
// SPIRE or the service may be away; whoever waits at a prompt is told so.
const aloneAtMost = 15_000;

/** Deregisters this machine for good. */
export const leave: Command = {
  name: ["leave"],
  describe: "Take this machine out of the mesh for good: its workload drains and is deleted, and the harness ends",
  takesSettings: "machine",
  examples: [
    { line: "linkerd-mesh leave", does: "Asks the running harness to deregister and end; without one, deregisters what the last one registered" },
    { line: "linkerd-mesh leave --output json", does: "Tells a script what came of it; ends with 1 when the registration service could not be told" },
  ],
  output: leaveReportSchema,
  render: (report: LeaveReport) => renderLeave(report),
  async run(context) {
    const settings = await context.settings();
    const report = (await leaveWithHarness(context, settings)) ?? (await leaveWithout(context, settings));
    context.result(report);
    return report.outcome === "untold" ? 1 : 0;
  },
};

async function leaveWithHarness({ host, options, signal, progress }: CommandContext, settings: Settings): Promise<LeaveReport | undefined> {
  const address = adminAddress(await readResolution(host, saidBy(options), "none"));
  progress("leave", `asking the harness at ${address}`);
  const answer = await askToLeave(host, { address, stateDir: settings.stateDir }, signal);
  if (answer === undefined) return undefined;
  progress("leave", "waiting until the harness has ended");
  const harness = (await awaitEnd(host, { address, milliseconds: settings.shutdownGrace + lateness }, signal)) ? "ended" : "still ending";
  return { ...judgeFarewell(answer, settings), harness, ...(answer.workload !== undefined && { workload: answer.workload }) };
}

function judgeFarewell({ farewell, workload }: HarnessFarewell, { registration }: Settings): LeaveReport {
  if (registration === "static") return { outcome: "by-hand" };
  if ("problem" in farewell) return { outcome: "untold", problem: farewell.problem };
  return workload === undefined ? { outcome: "nothing" } : { outcome: "left", drainSeconds: farewell.noticed / 1000 };
}

async function leaveWithout({ host, signal, progress }: CommandContext, settings: Settings): Promise<LeaveReport> {
  const { workloadName, workloadNamespace } = settings;
  if (settings.registration === "static") return { outcome: "by-hand", ...(workloadName !== undefined && workloadNamespace !== undefined && { workload: `${workloadNamespace}/${workloadName}` }) };
  // SPIRE knows the harness's account, and the state folder is its own.
  await host.becomeAccount(settings.proxyUser, [settings.stateDir]);
  progress("leave", "no harness runs: asking the registration service");
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(aloneAtMost)]);
  try {
    const { leaveAlone } = await import("../../harness/registration/leave-alone.ts");
    const left = await leaveAlone(host, settings, bounded);
    return left === undefined ? { outcome: "nothing" } : { outcome: "left", workload: left.workload, drainSeconds: left.noticed / 1000 };
  } catch (error) {
    signal.throwIfAborted();
    if (bounded.aborted) return renderUntold(new MeshError("REGISTRATION_AWAY", { doing: "leaving", what: `nobody answered within ${aloneAtMost / 1000} s`, cause: error }));
    if (isMeshError(error)) return renderUntold(error);
    throw error;
  }
}

function renderUntold({ code, what, remedy }: MeshError): LeaveReport {
  return { outcome: "untold", problem: { code, what, remedy } };
}
