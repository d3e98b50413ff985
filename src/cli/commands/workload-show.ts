import { z } from "zod";
import { workloadEntrySchema } from "../../registration/directory.ts";
import type { Command } from "../command.ts";
import { directoryOptions, readDirectoryAddress } from "../directory/address.ts";
import { askWorkloads } from "../directory/ask-directory.ts";
import { describeSought, findEntry, namespaceOption, parseSought } from "../directory/find-entry.ts";
import { printed, renderPrinted } from "../directory/printed.ts";
import { renderWorkload } from "../directory/render-show.ts";

/** One machine that registered. */
export const workloadShow: Command = {
  name: ["workload", "show"],
  describe: "Show everything about one registered machine: whether it is ready and why not, lease, addresses, identity",
  positionals: [describeSought("workload")],
  options: { namespace: namespaceOption, ...directoryOptions },
  examples: [{ line: "linkerd-mesh workload show shop/orders-1a2b3c4d", does: "Shows one machine; names those that are near when there is none" }],
  output: z.object({ workload: workloadEntrySchema }),
  render: renderPrinted,
  async run(context) {
    const { host, signal, options } = context;
    const { namespace } = options;
    const sought = parseSought("workload", String(options["workload"]), typeof namespace === "string" ? namespace : undefined);
    const { list, now } = await askWorkloads(await readDirectoryAddress(context), { now: host.clock.now(), signal });
    const workload = findEntry(sought, list.workloads);
    context.result(printed({ workload }, () => renderWorkload(workload, now)));
    return 0;
  },
};
