import { z } from "zod";
import { groupEntrySchema, workloadEntrySchema } from "../../registration/directory.ts";
import type { Command } from "../command.ts";
import { directoryOptions, readDirectoryAddress } from "../directory/address.ts";
import { askGroups, askWorkloads } from "../directory/ask-directory.ts";
import { describeSought, findEntry, namespaceOption, parseSought } from "../directory/find-entry.ts";
import { printed, renderPrinted } from "../directory/printed.ts";
import { renderGroup } from "../directory/render-show.ts";

/** One group and its machines. */
export const groupShow: Command = {
  name: ["group", "show"],
  describe: "Show everything about one group: who may join, probe, lease, ports, labels, and its machines",
  positionals: [describeSought("group")],
  options: { namespace: namespaceOption, ...directoryOptions },
  examples: [
    { line: "linkerd-mesh group show shop/orders", does: "Shows the group orders of the namespace shop" },
    { line: "linkerd-mesh group show -n shop orders", does: "The same" },
  ],
  output: z.object({ group: groupEntrySchema, workloads: z.array(workloadEntrySchema) }),
  render: renderPrinted,
  async run(context) {
    const { host, signal, options } = context;
    const { namespace } = options;
    const sought = parseSought("group", String(options["group"]), typeof namespace === "string" ? namespace : undefined);
    const address = await readDirectoryAddress(context);
    const asked = { now: host.clock.now(), signal };
    const { list } = await askGroups(address, asked);
    const { length } = list.troubles;
    const group = findEntry(sought, list.groups, length === 0 ? "" : ` (${length} group ${length === 1 ? "file" : "files"} could not be used, see linkerd-mesh group list)`);
    const { list: all, now } = await askWorkloads(address, asked);
    const workloads = all.workloads.filter((workload) => workload.namespace === group.namespace && workload.group === group.name);
    context.result(printed({ group, workloads }, () => renderGroup(group, workloads, now)));
    return 0;
  },
};
