import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { Host } from "../host.ts";
import { systemClock } from "../node/clock.ts";
import { createFiles } from "../node/files.ts";
import { listVariables, type HostOptions } from "../node/host-options.ts";
import { createProcesses } from "../node/processes.ts";
import { probePort, listAddresses } from "../node/sockets.ts";
import { readAccount } from "./account.ts";
import { becomeAccount } from "./become-account.ts";
import { findListener } from "./listener.ts";
import { lockFile } from "./lock.ts";
import { processGroup, wrapChild } from "./launching.ts";
import { readOriginalDestination } from "./original-destination.ts";
import { nftRedirector } from "./redirector.ts";
import { systemdServices } from "./services.ts";

/** This Linux machine. */
export function createLinuxHost({ log, environment, self }: HostOptions): Host {
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find(isExecutable);
  const files = createFiles(lockFile);
  const processes = createProcesses({ wrap: (spec) => wrapChild(setpriv, spec), family: processGroup, endings: [""], self }, files);
  return {
    os: "linux",
    environment: Object.fromEntries(listVariables(environment)),
    hostname: hostname(),
    clock: systemClock,
    log,
    files,
    processes,
    sockets: { addresses: listAddresses, portFree: probePort, listener: findListener, probePipe: () => Promise.resolve(undefined), originalDestination: readOriginalDestination },
    redirector: nftRedirector({ processes, files, account: readAccount }),
    services: systemdServices(processes, environment),
    account: readAccount,
    becomeAccount: (account, folders) => becomeAccount({ account, folders, setpriv, command: [self.file, ...self.args, ...process.argv.slice(2)] }),
    registry: { path: undefined, read: () => Promise.resolve({}), write: () => Promise.reject(new Error("Linux has no registry")) },
    tellSystem: () => undefined,
    machineId: readMachineId,
    random: () => Math.random(),
  };
}

/** systemd's and D-Bus's identifier, made anew when an image is generalised; the host name where there is none. */
async function readMachineId(): Promise<string> {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    const id = (await readFile(path, "utf8").catch(() => "")).trim();
    if (id !== "") return id;
  }
  return hostname();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
