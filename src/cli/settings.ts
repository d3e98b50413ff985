import { settingOptions } from "../model/settings/options.ts";
import type { Role } from "../model/settings/row.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Host } from "../platform/host.ts";
import type { CommandContext, Option } from "./command.ts";
import { resolveSettings } from "./config/resolve-settings.ts";
import type { Said } from "./config/read-sources.ts";

/** The flag that names another config file. */
export const configOption: Option = { type: "string", describe: "Read this config file instead of the system's", value: "path" };

/** A flag for every setting of the table that a machine reads, and the one for the config file. */
export const settingFlags: Readonly<Record<string, Option>> = { config: configOption, ...settingOptions() };

/** What a command line's options say about settings. */
export function saidBy(options: CommandContext["options"]): Said {
  const named = options["config"];
  return { flags: options, configPath: typeof named === "string" ? named : undefined };
}

/** Resolves this machine's settings from every source; rejects with all problems at once. */
export async function loadSettings(host: Host, options: CommandContext["options"], role: Role = "none"): Promise<Settings> {
  return resolveSettings(host, saidBy(options), role);
}
