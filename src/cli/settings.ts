import type { Role } from "../model/settings/row.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Host } from "../platform/host.ts";
import type { CommandContext } from "./command.ts";
import { resolveSettings } from "./config/resolve-settings.ts";
import type { Said } from "./config/read-sources.ts";

/** What a command line's options say about settings. */
export function saidBy(options: CommandContext["options"]): Said {
  const named = options["config"];
  return { flags: options, configPath: typeof named === "string" ? named : undefined };
}

/** Resolves this machine's settings from every source; rejects with all problems at once. */
export async function loadSettings(host: Host, asked: { readonly options: CommandContext["options"]; readonly role: Role }): Promise<Settings> {
  return resolveSettings(host, saidBy(asked.options), asked.role);
}
