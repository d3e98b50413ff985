import { renderKey, type ExternalGroup } from "../model/external-group.ts";
import type { GroupTrouble } from "../registration/directory.ts";
import { readConfigVersion } from "./names.ts";
import type { ParsedGroups } from "./parse-groups-file.ts";

/** What is known of one file: its groups as they were last good, and what is wrong with it now. */
export interface GroupFile extends ParsedGroups {
  readonly name: string;
}

/** All groups by `namespace/name`, and every file that has something wrong. */
export interface GroupsView {
  readonly groups: ReadonlyMap<string, ExternalGroup>;
  readonly troubles: readonly GroupTrouble[];
}

/** A file after it was read: while something is wrong with it, the groups that it had stay. */
export function planFile({ groups, problems }: ParsedGroups, before: GroupFile | undefined, name: string): GroupFile {
  const found = new Set(groups.map(({ key }) => renderKey(key)));
  const kept = problems.length === 0 ? [] : (before?.groups ?? []).filter(({ key }) => !found.has(renderKey(key)));
  return { name, groups: [...groups, ...kept], problems };
}

/** The groups of all files, given by name: who is first has a group. A group that says the same as before is the same object. */
export function planGroups(files: readonly GroupFile[], before: GroupsView["groups"]): GroupsView {
  const groups = new Map<string, ExternalGroup>();
  const owners = new Map<string, string>();
  const troubles: GroupTrouble[] = [];
  for (const file of files) {
    const problems = [...file.problems];
    for (const group of file.groups) {
      const id = renderKey(group.key);
      const owner = owners.get(id);
      if (owner !== undefined) problems.push(`group ${id} is in ${owner === file.name ? "this file twice" : `${owner} too`}: the first holds`);
      else groups.set(id, keepSame(group, before.get(id)));
      owners.set(id, owner ?? file.name);
    }
    if (problems.length > 0) troubles.push({ file: file.name, problems });
  }
  return { groups, troubles };
}

function keepSame(group: ExternalGroup, before: ExternalGroup | undefined): ExternalGroup {
  return before !== undefined && readConfigVersion(before) === readConfigVersion(group) ? before : group;
}
