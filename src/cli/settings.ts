import { MeshError } from "../model/errors.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Host } from "../platform/host.ts";
import type { CommandContext, Option } from "./command.ts";

/** A flag for every setting of the table. */
export const settingFlags: Readonly<Record<string, Option>> = {};

/** Resolves this machine's settings from every source; rejects with all problems at once. */
export async function loadSettings(_host: Host, _options: CommandContext["options"]): Promise<Settings> {
  await Promise.resolve();
  throw new MeshError("INTERNAL", { doing: "reading the settings", what: "not wired yet" });
}
