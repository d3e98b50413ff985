import type { ObjectKey } from "../../model/external-group.ts";
import { isLoopback } from "../../model/settings/ip.ts";
import type { HostPort } from "../../model/settings/values.ts";
import type { Host } from "../../platform/host.ts";
import { watchDirectory } from "../../registration/watch-directory.ts";
import { meshPorts, type MeshNames } from "../names.ts";
import { parseRegistered } from "../registered-cluster.ts";
import type { Simulator } from "../simulator.ts";
import { openGroupFolder, openService, readFirstGroup } from "./service.ts";

/** How machines come to be known: they exist already, by a registration service of the mesh's own, or by one that runs. */
export type Registration =
  | { readonly kind: "static" }
  /** Without a folder for groups, the simulator brings a group along. */
  | { readonly kind: "own"; readonly groupsDir: string | undefined }
  | { readonly kind: "running"; readonly admin: HostPort };

/** What joining a registration service to a simulated mesh takes. */
export interface JoinOptions {
  readonly host: Host;
  readonly names: MeshNames;
  readonly folder: string;
  readonly listen: string;
  readonly applicationPort: number;
  readonly registration: Exclude<Registration, { readonly kind: "static" }>;
  /** Socket at which the service gets its identity. */
  readonly socketPath: string;
}

/** A registration service that the simulated control plane follows. */
export interface JoinedRegistration {
  /** Where machines register. */
  readonly address: HostPort;
  readonly admin: HostPort;
  /** The group that its machines join. */
  readonly group: ObjectKey;
  /** Folder of the group files, where it is known. */
  readonly groupsDir: string | undefined;
}

/** Starts the service where it is the mesh's own, and lets the control plane know every machine that registers; all on the stack. */
export async function joinRegistration(options: JoinOptions, simulator: Simulator, stack: AsyncDisposableStack): Promise<JoinedRegistration> {
  const { host, names, folder, listen, applicationPort, registration, socketPath } = options;
  const address = { host: registration.kind === "running" ? registration.admin.host : listen, port: meshPorts.registration };
  const admin = registration.kind === "running" ? registration.admin : planAdmin(listen);
  const groupsDir = registration.kind === "running" ? undefined : (registration.groupsDir ?? (await makeGroups(options, stack)));
  const stateDir = `${folder}/registration`;
  stack.defer(() => host.files.remove(stateDir));
  const service = groupsDir === undefined ? undefined : stack.use(await openService({ host, names, address, admin, socketPath, groupsDir, stateDir }));
  // Not followed before it answers: that it does not yet is no news.
  const group = await readFirstGroup(host, admin, service?.ended);
  const stop = new AbortController();
  const following = follow({ host, admin, applicationPort }, simulator, stop.signal);
  stack.defer(async () => {
    stop.abort();
    await following;
  });
  return { address, admin, groupsDir, group };
}

/** Its lists are for this machine alone; beside another mesh on loopback they need an address of their own. */
export function planAdmin(listen: string): HostPort {
  return { host: isLoopback(listen) ? listen : "127.0.0.1", port: meshPorts.registrationAdmin };
}

async function makeGroups({ host, folder, names, applicationPort }: JoinOptions, stack: AsyncDisposableStack): Promise<string> {
  const path = `${folder}/groups`;
  stack.use(await openGroupFolder(host, path, { names, applicationPort }));
  return path;
}

async function follow({ host, admin, applicationPort }: { readonly host: Host; readonly admin: HostPort; readonly applicationPort: number }, simulator: Simulator, signal: AbortSignal): Promise<void> {
  let shown = "[]";
  for await (const entries of watchDirectory({ address: admin, clock: host.clock, log: host.log, random: () => host.random() }, signal)) {
    const machines = entries.flatMap((entry) => parseRegistered(entry, applicationPort) ?? []);
    // A renewal is news of the service and none of the mesh.
    if (JSON.stringify(machines) === shown) continue;
    shown = JSON.stringify(machines);
    simulator.showMachines(machines);
  }
}
