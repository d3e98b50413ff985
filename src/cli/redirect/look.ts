import { isMeshError } from "../../model/errors.ts";
import type { Resolution } from "../../model/settings/resolve.ts";
import { settingsTable } from "../../model/settings/table.ts";
import { loopbackFamilies, planTraffic } from "../../model/traffic-plan.ts";
import type { RedirectPlan } from "../../model/traffic.ts";
import type { Host } from "../../platform/host.ts";
import { parseUid } from "../../model/accounts.ts";
import type { SeenState } from "./judge.ts";

/** Where the harness's admin server is dialled from this machine; works with settings that have other problems. */
export function adminAddress({ resolved }: Resolution): string {
  const host = resolved.get("harnessAdminAddress")?.text ?? settingsTable.harnessAdminAddress.default;
  const port = resolved.get("harnessAdminPort")?.text ?? settingsTable.harnessAdminPort.default;
  const dialled = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return dialled.includes(":") ? `[${dialled}]:${port}` : `${dialled}:${port}`;
}

/** The rules in force, compared with what the settings mean where those are complete. */
export async function lookAtRedirect(host: Host, resolution: Resolution, signal: AbortSignal): Promise<SeenState> {
  try {
    const seen = await host.redirector.observe(undefined, signal);
    const plan = await expectedPlan(host, resolution);
    if (seen.state !== "present" || plan === undefined) return seen;
    // The mode follows the proxy from moment to moment; either is right.
    return await host.redirector.observe({ ...plan, mode: seen.mode }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isMeshError(error, "REDIRECT_FAILED") || isMeshError(error, "REDIRECT_ABSENT")) return { state: "unknown", detail: error.what };
    throw error;
  }
}

// How long a harness that was asked to switch may take until the kernel agrees, in milliseconds.
const patience = 3_000;
const pause = 50;

/** The rules once they are as asked for, or as they are after a few seconds of waiting for that. */
export async function awaitRedirect(host: Host, resolution: Resolution, order: { readonly want: "on" | "off"; readonly signal: AbortSignal }): Promise<SeenState> {
  const waitsFor = order.want === "off" ? "present" : "absent";
  const until = host.clock.monotonic() + patience;
  let seen = await lookAtRedirect(host, resolution, order.signal);
  while (seen.state === waitsFor && host.clock.monotonic() < until) {
    await host.clock.sleep(pause, order.signal);
    seen = await lookAtRedirect(host, resolution, order.signal);
  }
  return seen;
}

async function expectedPlan({ files, sockets }: Host, { settings }: Resolution): Promise<RedirectPlan | undefined> {
  if (settings === undefined) return undefined;
  const uid = parseUid((await files.readText("/etc/passwd")) ?? "", settings.proxyUser);
  return uid === undefined ? undefined : planTraffic(settings, uid, loopbackFamilies(sockets.addresses()));
}
