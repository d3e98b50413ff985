import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../src/platform/host.ts";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import { defaultNames } from "../../src/simulator/names.ts";
import { openSimulator, type RunningSimulator, type SimulateOptions } from "../../src/simulator/run-simulator.ts";
import { silentLog } from "../fakes/silent-log.ts";

/** Loopback addresses of this suite alone, so that the fixed ports of the mesh are free beside other suites. */
export const at = { mesh: "127.86.0.1", machine: "127.86.0.2", service: "127.86.1.1", machines: "127.86.1.2" } as const;

/** This machine. */
export const host: Host = createLinuxHost({ log: silentLog, environment: process.env, self: { file: process.execPath, args: [] } });

/** An empty folder; disposing takes it away. */
export async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "sim-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A simulator in this process, in that folder. */
export async function startSimulator(folder: string, more: Partial<SimulateOptions> = {}): Promise<RunningSimulator> {
  return openSimulator({ host, names: defaultNames, folder, listen: at.mesh, serviceAddress: at.service, machinesAddress: at.machines, machineAddresses: [at.machine], applicationPort: 8080, ttl: 3_600_000, registration: { kind: "static" }, ...more });
}
