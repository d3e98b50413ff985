import { workloadEventSchema } from "../../registration/directory.ts";
import type { Command } from "../command.ts";
import { directoryOptions, readDirectoryAddress } from "../directory/address.ts";
import { printed, renderPrinted } from "../directory/printed.ts";
import { renderWorkloadRow, workloadHeader } from "../directory/render-lists.ts";
import { Table } from "../directory/render-table.ts";
import { isSelected, selectionOptions } from "../directory/select.ts";
import { watchChanges, type Change } from "../directory/watch-changes.ts";

/** The machines that registered, and what changes. */
export const workloadWatch: Command = {
  name: ["workload", "watch"],
  describe: "List the machines that registered, then every change, a line each, until stopped",
  options: { ...selectionOptions, ...directoryOptions },
  examples: [
    { line: "linkerd-mesh workload watch -n shop", does: "Follows the machines of one namespace, also over restarts of the service" },
    { line: "linkerd-mesh workload watch --output json", does: "Prints every event as an object: added, synced once, modified, deleted" },
  ],
  streams: true,
  output: workloadEventSchema,
  render: renderPrinted,
  async run(context) {
    const { host, signal, options } = context;
    const render = createLines();
    for await (const change of watchChanges(await readDirectoryAddress(context), host, signal)) {
      const { event } = change;
      if (event.event === "synced" || isSelected(event.workload, options)) context.result(printed(event, () => render(change)));
    }
    return 0;
  },
};

// The first line has the header above it. Names made by the service end in a hash: the columns begin wide enough for most.
function createLines(): (change: Change) => string {
  const table = new Table(["EVENT", ...workloadHeader]);
  table.widen([["modified", "namespace-1", "name-of-group-12345678", "name-of-group", "False", "ApplicationNotReady", "100.100.100.100", "10m10s", ""]]);
  let first = true;
  return ({ event, now }) => {
    if (event.event === "synced") return "";
    const line = table.line([event.event, ...renderWorkloadRow(event.workload, now)]);
    const text = first ? `${table.line(["EVENT", ...workloadHeader])}\n${line}` : line;
    first = false;
    return text;
  };
}
