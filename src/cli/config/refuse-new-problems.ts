import { MeshErrors } from "../../model/errors.ts";
import { resolve } from "../../model/settings/resolve.ts";
import type { Sources } from "../../model/settings/sources.ts";
import type { Host } from "../../platform/host.ts";
import { foldersOf } from "./read-sources.ts";

/** What said the settings before a change and after it. */
export interface Change {
  readonly before: Sources;
  readonly after: Sources;
  /** `after` as its problems shall be told, where that is not as they are compared. */
  readonly told?: Sources;
}

/** Problems that were there already stay their author's business: they do not stand in the way of mending something else. */
export function refuseNewProblems(host: Pick<Host, "os" | "environment">, { before, after, told = after }: Change): void {
  const judge = (sources: Sources): ReturnType<typeof resolve>["problems"] => resolve(sources, { os: host.os, role: "none", folders: foldersOf(host) }).problems;
  const known = new Set(judge(before).map(({ what }) => what));
  const alike = judge(after);
  const added = judge(told).filter((_, index) => !known.has(alike[index]?.what ?? ""));
  if (added.length > 0) throw new MeshErrors(added);
}
