import type { WorkloadEntry } from "../../registration/directory.ts";
import type { CommandContext, Option } from "../command.ts";
import { namespaceOption } from "./find-entry.ts";

/** Options that choose among workloads. */
export const selectionOptions = {
  namespace: namespaceOption,
  group: { type: "string", describe: "Only workloads of the group of this name" },
} as const satisfies Readonly<Record<string, Option>>;

/** True for a workload that the options ask for. */
export function isSelected({ namespace, group, ready }: WorkloadEntry, options: CommandContext["options"]): boolean {
  return isAsked(namespace, options["namespace"]) && isAsked(group, options["group"]) && !(options["not-ready"] === true && ready);
}

/** True when the option was not given or says just this. */
export function isAsked(value: string, option: CommandContext["options"][string]): boolean {
  return option === undefined || option === value;
}
