import { logFileNames, logLockFile } from "../model/log-files.ts";
import { harnessServiceName, serviceOption } from "../model/service.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Host, ServiceSpec } from "../platform/host.ts";

/** Restarts after 5, 10 and then every 30 seconds, also when the service ended by itself with an error. */
const recovery = [5000, 10_000, 30_000];

/** What the harness may take beyond SHUTDOWN_GRACE: its watchdog, and the service's own end. */
export const stopMargin = 5000;

/** The harness's service as it shall be on this machine. */
export function planHarnessService(settings: Settings, facts: { readonly self: ReturnType<Host["processes"]["self"]>; readonly account: ServiceSpec["account"] }): ServiceSpec {
  return {
    name: harnessServiceName,
    displayName: "Linkerd proxy harness",
    description: "Joins this machine to a Linkerd mesh: gets its identity from SPIRE, registers it, and runs linkerd2-proxy.",
    command: facts.self,
    account: facts.account,
    recovery,
    shutdownPatience: settings.shutdownGrace + stopMargin,
    folders: planFolders(settings.stateDir),
    files: settings.logFile === "off" ? [] : [...logFileNames, logLockFile].map((name) => `${settings.logDir}\\${name}`),
    dependencies: settings.spireDependency === "on" ? [settings.spireServiceName] : [],
  };
}

// Whoever owns the folder above can put another in the place of ours: where that one is the product's own, it is taken too.
function planFolders(stateDir: string): ServiceSpec["folders"] {
  const above = /^(.*\\Buoyant)\\[^\\]+$/iu.exec(stateDir)?.[1];
  return [...(above === undefined ? [] : [{ path: above, works: false }]), { path: stateDir, works: true }];
}

/** The words with which the service manager starts this program. */
export const serviceWords = ["run", `--${serviceOption}`] as const;
