import { harnessServiceName } from "../../model/service.ts";
import { stopMargin } from "../../setup/plan-harness-service.ts";
import type { Command, CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { startService, stopService } from "../service/change-service.ts";
import { renderServiceReport, reportOf, serviceReportSchema, type ServiceReport } from "../service/report.ts";
import { saidBy } from "../settings.ts";

const shared = {
  output: serviceReportSchema,
  render: (report: ServiceReport) => renderServiceReport(report),
} as const;

/** Removes the harness's service. */
export const serviceRemove: Command = {
  ...shared,
  name: ["service", "remove"],
  describe: "Stop the harness's service and remove it; settings, state and logs stay",
  examples: [{ line: "linkerd-mesh service remove", does: "Stops the service, waits for its end and removes it" }],
  async run(context) {
    const { host } = context;
    if ((await host.services.read(harnessServiceName)) === undefined) return tell(context, "nothing");
    await stop(context);
    await host.services.remove(harnessServiceName);
    return tell(context, "removed");
  },
};

/** Starts the harness's service. */
export const serviceStart: Command = {
  ...shared,
  name: ["service", "start"],
  describe: "Start the harness's service and wait until it runs; whether the machine is ready says linkerd-mesh status",
  examples: [{ line: "linkerd-mesh service start", does: "Starts the service; says why when it ends again at once" }],
  async run(context) {
    const { host, signal, progress } = context;
    progress("service", "starting");
    return tell(context, (await startService(host, harnessServiceName, signal)) ? "started" : "nothing");
  },
};

/** Stops the harness's service. */
export const serviceStop: Command = {
  ...shared,
  name: ["service", "stop"],
  describe: "Stop the harness's service and wait for its end: traffic drains for SHUTDOWN_GRACE at most",
  examples: [{ line: "linkerd-mesh service stop", does: "Stops the service; the workload stays registered, not ready" }],
  run: async (context) => tell(context, (await stop(context)) ? "stopped" : "nothing"),
};

/** Shows how the harness's service stands. */
export const serviceStatus: Command = {
  ...shared,
  name: ["service", "status"],
  describe: "Show how the harness's service stands, and how it ended last",
  examples: [{ line: "linkerd-mesh service status --output json", does: "Tells a script; ends with 1 when the service does not run" }],
  async run({ host, result }) {
    const facts = await host.services.read(harnessServiceName);
    result(reportOf(harnessServiceName, facts));
    return facts?.state === "running" ? 0 : 1;
  },
};

async function stop(context: CommandContext): Promise<boolean> {
  const { host, signal, options, progress } = context;
  // Not context.settings(): a mistake in the settings must not keep anybody from stopping.
  const { resolved } = await readResolution(host, saidBy(options), "none");
  const grace = resolved.get("shutdownGrace")?.value;
  progress("service", "stopping");
  return stopService(host, { name: harnessServiceName, patience: (typeof grace === "number" ? grace : 0) + 2 * stopMargin }, signal);
}

async function tell({ host, result }: CommandContext, done: NonNullable<ServiceReport["done"]>): Promise<0> {
  result(reportOf(harnessServiceName, await host.services.read(harnessServiceName), done));
  return 0;
}
