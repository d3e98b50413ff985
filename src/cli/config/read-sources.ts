import { isMeshError } from "../../model/errors.ts";
import type { Folders } from "../../model/settings/default-text.ts";
import type { ConfigFile, Sources } from "../../model/settings/sources.ts";
import { configVariable } from "../../model/settings/surfaces.ts";
import type { Host } from "../../platform/host.ts";

/** Where a machine keeps its settings when nobody names another file; Windows keeps them in the registry. */
export const defaultConfigPath = { linux: "/etc/linkerd-mesh/config.yaml", win32: undefined } as const;

/** What the command line says about settings. */
export interface Said {
  readonly flags: NonNullable<Sources["flags"]>;
  /** The file that `--config` names. */
  readonly configPath?: string | undefined;
}

/** The config file in use: the one that is named, else the system's. */
export function configPathOf(host: Pick<Host, "os" | "environment">, named: string | undefined): string | undefined {
  const variable = host.environment[configVariable];
  return named ?? (variable === "" ? undefined : variable) ?? defaultConfigPath[host.os];
}

/** Reads everything that says settings on this machine; what cannot be read becomes a trouble of the file. */
export async function readSources(host: Host, { flags, configPath }: Said): Promise<Sources> {
  const path = configPathOf(host, configPath);
  const file = path === undefined ? undefined : await readConfigFile(host, path);
  return { flags, environment: host.environment, file, ...(await host.registry.read()) };
}

/** The system's folders that defaults name. */
export function foldersOf(host: Pick<Host, "environment">): Folders {
  const found = (name: string): string | undefined =>
    Object.entries(host.environment).find(([candidate]) => candidate.toUpperCase() === name.toUpperCase())?.[1];
  return { ProgramFiles: found("ProgramFiles") ?? "C:\\Program Files", ProgramData: found("ProgramData") ?? "C:\\ProgramData" };
}

async function readConfigFile(host: Host, path: string): Promise<ConfigFile | undefined> {
  const trouble = (what: string): ConfigFile => ({ path, entries: [], troubles: [{ line: undefined, what }] });
  try {
    const text = await host.files.readText(path);
    // Only the system's own file may be absent: one that somebody named was meant to be read.
    if (text === undefined) return path === defaultConfigPath[host.os] ? undefined : trouble("there is no such file");
    // The library costs more to load than most commands take: it is not loaded where there is no file.
    const { parseConfigFile } = await import("../../model/settings/config-file.ts");
    return parseConfigFile(text, path);
  } catch (error) {
    if (isMeshError(error)) return trouble(error.what);
    throw error;
  }
}
