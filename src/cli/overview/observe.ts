import { isMeshError } from "../../model/errors.ts";
import type { Resolution } from "../../model/settings/resolve.ts";
import type { SettingKey } from "../../model/settings/settings.ts";
import type { FileInfo, Files, Host } from "../../platform/host.ts";
import { configPathOf, type Said } from "../config/read-sources.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { version } from "../version.ts";
import type { MachineFacts, Presence } from "./facts.ts";
import { askHarness } from "./ask-harness.ts";

/** Looks at this machine without changing anything; whatever cannot be seen is a fact too. */
export async function readMachineFacts(host: Host, said: Said, signal: AbortSignal): Promise<MachineFacts> {
  const file = configPathOf(host, said.configPath);
  const [resolution, account, present] = await Promise.all([
    readResolution(host, said, "run"),
    host.account(),
    isPresent(host, file),
  ]);
  const text = (key: SettingKey): string => resolution.resolved.get(key)?.text ?? "";
  const [harness, spire, proxy] = await Promise.all([
    askHarness(`${bracketed(text("harnessAdminAddress"))}:${text("harnessAdminPort")}`, signal),
    lookForSocket(host, text("spireSocketAddr")),
    lookForProgram(host, text("proxyPath")),
  ]);
  return {
    version,
    os: host.os,
    account: { name: account.name, mayRedirect: account.mayRedirect },
    config: { path: file ?? host.registry.path, present, problems: resolution.problems },
    harness,
    spire: { ...spire, service: text("spireServiceName") },
    proxy,
    wantsRedirect: wantsRedirect(resolution),
  };
}

async function isPresent({ files, registry }: Host, file: string | undefined): Promise<boolean> {
  return file === undefined ? (await registry.read()).registry !== undefined : (await files.stat(file)) !== undefined;
}

function wantsRedirect({ resolved }: Resolution): boolean {
  return resolved.get("outboundRedirect")?.value !== "off";
}

function lookForSocket({ files, os }: Host, address: string): Promise<Presence> {
  if (!address.startsWith("unix:") || os === "win32") return Promise.resolve({ path: address, state: "unseen" });
  const path = address.replace(/^unix:(?:\/\/)?/u, "");
  return look(files, path, ({ kind }) => kind === "socket");
}

function lookForProgram({ files }: Host, path: string): Promise<Presence> {
  return look(files, path, ({ kind, executable }) => kind === "file" && executable);
}

async function look(files: Files, path: string, isRight: (found: FileInfo) => boolean): Promise<Presence> {
  try {
    const found = await files.stat(path);
    if (found === undefined) return { path, state: "absent" };
    return { path, state: isRight(found) ? "present" : "unusable" };
  } catch (error) {
    // A folder that this account may not enter: the harness's account may.
    if (isMeshError(error, "FILE_FAILED")) return { path, state: "unseen" };
    throw error;
  }
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
