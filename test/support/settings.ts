import { resolve } from "../../src/model/settings/resolve.ts";
import type { Os } from "../../src/model/settings/kind.ts";
import type { Settings } from "../../src/model/settings/settings.ts";

/** The settings of a machine that joins by static registration, with what a test says besides, by flag. */
export function machineSettings(flags: Readonly<Record<string, string>> = {}, os: Os = "linux"): Settings {
  const told = {
    registration: "static", "workload-name": "vm", "workload-namespace": "apps", "workload-server-name": "vm.apps.mesh.test",
    "inbound-network-address": "192.0.2.10", ...flags,
  };
  const folders = { ProgramFiles: "C:\\Program Files", ProgramData: "C:\\ProgramData" };
  const { settings, problems } = resolve({ flags: told }, { os, role: "run", folders });
  if (settings === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  return settings;
}
