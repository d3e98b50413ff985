import { groupsSchema } from "../../registration/directory.ts";
import type { Command } from "../command.ts";
import { directoryOptions, readDirectoryAddress } from "../directory/address.ts";
import { askGroups } from "../directory/ask-directory.ts";
import { namespaceOption } from "../directory/find-entry.ts";
import { printed, renderPrinted } from "../directory/printed.ts";
import { renderGroupList } from "../directory/render-lists.ts";
import { isAsked } from "../directory/select.ts";

/** The groups of the registration service. */
export const groupList: Command = {
  name: ["group", "list"],
  describe: "List the groups, how many of their machines are ready, and the group files that could not be used",
  options: { namespace: namespaceOption, ...directoryOptions },
  examples: [
    { line: "linkerd-mesh group list", does: "Lists the groups of the registration service on this machine" },
    { line: "linkerd-mesh group list -n shop --output json", does: "Prints those of one namespace, with every field, for a script" },
  ],
  output: groupsSchema,
  render: renderPrinted,
  async run(context) {
    const { host, signal, options } = context;
    const { list } = await askGroups(await readDirectoryAddress(context), { now: host.clock.now(), signal });
    const groups = list.groups.filter(({ namespace }) => isAsked(namespace, options["namespace"]));
    context.result(printed({ ...list, groups }, () => renderGroupList(groups, list.troubles)));
    return 0;
  },
};
