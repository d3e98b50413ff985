import { workloadsSchema } from "../../registration/directory.ts";
import type { Command } from "../command.ts";
import { directoryOptions, readDirectoryAddress } from "../directory/address.ts";
import { askWorkloads } from "../directory/ask-directory.ts";
import { printed, renderPrinted } from "../directory/printed.ts";
import { renderWorkloadList } from "../directory/render-lists.ts";
import { isSelected, selectionOptions } from "../directory/select.ts";

/** The machines that registered. */
export const workloadList: Command = {
  name: ["workload", "list"],
  describe: "List the machines that registered: whether each is ready, why not, and when it was last heard of",
  options: {
    ...selectionOptions,
    "not-ready": { type: "boolean", describe: "Only workloads that are not ready" },
    wide: { type: "boolean", describe: "Further columns: lease, identity, and what the machine says of itself" },
    ...directoryOptions,
  },
  examples: [
    { line: "linkerd-mesh workload list", does: "Lists the machines that the registration service on this machine knows" },
    { line: "linkerd-mesh workload list -n shop --group orders --not-ready", does: "Lists those of one group that get no traffic" },
  ],
  output: workloadsSchema,
  render: renderPrinted,
  async run(context) {
    const { host, signal, options } = context;
    const { list, now } = await askWorkloads(await readDirectoryAddress(context), { now: host.clock.now(), signal });
    const workloads = list.workloads.filter((workload) => isSelected(workload, options));
    context.result(printed({ workloads }, () => renderWorkloadList(workloads, { now, wide: options["wide"] === true })));
    return 0;
  },
};
