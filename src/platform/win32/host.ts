import { mkdir } from "node:fs/promises";
import type { Socket } from "node:net";
import { hostname, userInfo } from "node:os";
import type { Account, Host, Log, Processes, SocketAddress, SystemEvent } from "../host.ts";
import { systemClock } from "../node/clock.ts";
import { createFiles } from "../node/files.ts";
import { listVariables, type HostOptions } from "../node/host-options.ts";
import { createProcesses, type Family, type ResolvedSpec } from "../node/processes.ts";
import { listAddresses, probePort } from "../node/sockets.ts";
import { writeEvent } from "./event-log.ts";
import { joinOwnJob } from "./jobs.ts";
import { killTree } from "./kill-tree.ts";
import { findListener } from "./listener.ts";
import { lockFile } from "./lock.ts";
import { readMachineId } from "./registry-id.ts";
import { noRedirector } from "./no-redirector.ts";
import { probePipe } from "./pipes.ts";
import { makePlace } from "./places.ts";
import { windowsRegistry } from "./registry.ts";
import { knownSids } from "./sids.ts";
import { windowsServices } from "./services.ts";
import { readOwnToken } from "./tokens.ts";

/** This Windows machine. Nothing redirects its traffic. */
export function createWindowsHost({ log, environment: given, self }: HostOptions): Host {
  const files = { ...createFiles(lockFile, (path) => /\.(?:exe|com)$/iu.test(path)), makeFolder };
  const environment = spellVariables(given);
  const systemRoot = environment["SystemRoot"] ?? "C:\\Windows";
  const family: Family = { group: false, kill: (pid) => killTree(processes, systemRoot, pid) };
  const processes: Processes = createProcesses({ wrap: startInOwnJob, family, endings: ["", ".exe"], self }, files);
  return {
    os: "win32",
    environment,
    hostname: hostname(),
    clock: systemClock,
    log,
    files,
    processes,
    sockets: { addresses: listAddresses, portFree: probePort, listener: findListener, probePipe, originalDestination: readLocalAddress },
    redirector: noRedirector,
    services: windowsServices(log),
    account: readAccount,
    becomeAccount: () => Promise.resolve(),
    registry: windowsRegistry(),
    tellSystem: (event) => tellSystem(event, log),
    machineId: () => readMachineId(processes, systemRoot),
    random: () => Math.random(),
  };
}

// A mode means nothing to Windows; one that shuts others out is an access list there.
async function makeFolder(path: string, mode: number): Promise<void> {
  if ((mode & 0o077) === 0) await makePlace(path, { kind: "folder", user: readOwnToken().user }, "run");
  else await mkdir(path, { recursive: true });
}

function tellSystem(event: SystemEvent, log: Log): void {
  try {
    writeEvent(event);
  } catch (error) {
    log.write("debug", `the event log took nothing: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function startInOwnJob(spec: ResolvedSpec): ResolvedSpec {
  joinOwnJob();
  return spec;
}

async function readAccount(): Promise<Account> {
  const { user, administrator } = readOwnToken();
  return await Promise.resolve({ name: userInfo().username, uid: -1, sid: user, mayRedirect: administrator || user === knownSids.system });
}

// Without a redirect, where a connection was going is where it arrived.
function readLocalAddress({ localAddress, localPort }: Socket): SocketAddress | undefined {
  if (localAddress === undefined || localPort === undefined) return undefined;
  return { host: localAddress.replace(/^::ffff:/u, ""), port: localPort };
}

const spelled = new Map(["PATH", "SystemRoot", "TEMP", "TMP", "ProgramFiles", "ProgramData"].map((name) => [name.toUpperCase(), name]));

/** The variables under the names by which this program asks for them: to Windows, `Path` and `PATH` are the same. */
export function spellVariables(environment: HostOptions["environment"]): Readonly<Record<string, string>> {
  return Object.fromEntries(listVariables(environment).map(([name, value]) => [spelled.get(name.toUpperCase()) ?? name, value]));
}
