import { MeshErrors } from "../../model/errors.ts";
import { resolve, type Resolution } from "../../model/settings/resolve.ts";
import type { Role } from "../../model/settings/row.ts";
import type { Texts } from "../../model/settings/sources.ts";
import type { Settings } from "../../model/settings/settings.ts";
import type { Host } from "../../platform/host.ts";
import { foldersOf, readSources, type Said } from "./read-sources.ts";

/** Every setting of this machine with its origin, and all that is wrong; nothing is thrown. */
export async function readResolution(host: Host, said: Said, role: Role): Promise<Resolution> {
  return (await readSettle(host, said, role))({});
}

/** Reads what this machine says of settings; what its group says, by config key, can be laid under it again and again. */
export async function readSettle(host: Host, said: Said, role: Role): Promise<(group: Texts) => Resolution> {
  const sources = await readSources(host, said);
  return (group) => resolve({ ...sources, group }, { os: host.os, role, folders: foldersOf(host) });
}

/** The settings of this machine; notices go to the log, problems are thrown all at once. */
export async function resolveSettings(host: Host, said: Said, role: Role): Promise<Settings> {
  const { settings, notices, problems } = await readResolution(host, said, role);
  for (const { key, text } of notices) host.log.write("warn", text, key === undefined ? {} : { setting: key });
  if (settings === undefined) throw new MeshErrors(problems);
  return settings;
}
