import { isMeshError } from "../../model/errors.ts";
import type { Host } from "../../platform/host.ts";
import { packageOf, userNamespace, type Capabilities, type DemoProgram } from "./stage.ts";

/** Finds out what this machine lets the demo do, by trying it. */
export async function readCapabilities(host: Host, signal: AbortSignal): Promise<Capabilities> {
  const names = Object.keys(packageOf) as DemoProgram[];
  const found = await Promise.all(names.map(async (name) => [name, await canRun(host, [name, "--version"], signal)] as const));
  const programs = Object.fromEntries(found) as Capabilities["programs"];
  return {
    programs,
    root: programs.unshare && (await canRun(host, ["unshare", "--net", "--mount", "--", "true"], signal)),
    mappedUsers: programs.unshare && (await canRun(host, ["unshare", ...userNamespace, "--net", "--mount", "--", "true"], signal)),
  };
}

async function canRun(host: Host, [file = "", ...args]: readonly string[], signal: AbortSignal): Promise<boolean> {
  try {
    // `ip` knows no --version but -V; that it starts is what counts there.
    const { code } = await host.processes.run({ file, args, environment: host.environment }, signal);
    return code === 0 || (file === "ip" && code !== undefined);
  } catch (error) {
    if (isMeshError(error, "PROGRAM_MISSING")) return false;
    throw error;
  }
}
