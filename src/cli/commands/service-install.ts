import { harnessServiceName } from "../../model/service.ts";
import { planHarnessService, serviceWords } from "../../setup/plan-harness-service.ts";
import type { Command } from "../command.ts";
import { renderServiceReport, reportOf, serviceReportSchema, type ServiceReport } from "../service/report.ts";

/** Makes the harness a service of this machine. */
export const serviceInstall: Command = {
  name: ["service", "install"],
  describe: "Make the harness a Windows service that starts with the machine and is started again when it fails",
  options: {
    account: {
      type: "string", choices: ["own", "system"], default: "own",
      describe: "own: an account of the service's own with no rights besides; system: LocalSystem, where a policy forbids the other",
    },
  },
  examples: [
    { line: "linkerd-mesh service install", does: "Installs the service, or makes everything about it again as it shall be; starts nothing" },
    { line: "linkerd-mesh service install --account system", does: "Runs it as LocalSystem, for machines whose policy lets no service account log on" },
  ],
  output: serviceReportSchema,
  render: (report: ServiceReport) => renderServiceReport(report),
  async run({ host, options, settings, result }) {
    const account = options["account"] === "system" ? "system" : "own";
    const spec = planHarnessService(await settings(), { self: host.processes.self(serviceWords), account });
    const done = await host.services.apply(spec);
    result(reportOf(harnessServiceName, await host.services.read(harnessServiceName), done));
    return 0;
  },
};
