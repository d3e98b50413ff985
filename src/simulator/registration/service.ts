import { MeshError } from "../../model/errors.ts";
import type { ObjectKey } from "../../model/external-group.ts";
import { renderHostPort } from "../../model/settings/kinds/host-port.ts";
import type { HostPort } from "../../model/settings/values.ts";
import type { Host } from "../../platform/host.ts";
import { readGroups } from "../../registration/open-directory.ts";
import { machineIdentities, type MeshNames } from "../names.ts";
import { renderGroupFile } from "./render-group.ts";

/** The registration service that belongs to a simulated mesh. */
export interface ServiceOptions {
  readonly host: Host;
  readonly names: MeshNames;
  /** Where machines register. */
  readonly address: HostPort;
  /** Where it offers its lists. */
  readonly admin: HostPort;
  /** Socket at which it gets its identity. */
  readonly socketPath: string;
  readonly groupsDir: string;
  /** Where it has what must be its own, although it keeps nothing. */
  readonly stateDir: string;
}

/** How long a registration service may take to have read its groups, milliseconds. */
const startWait = 20_000;
const startPoll = 100;
const linesKept = 3;

/** A registration service that runs. */
export interface Service extends AsyncDisposable {
  /** Its last words, once it has ended by itself. */
  readonly ended: Promise<string>;
}

/** Runs `linkerd-mesh autoregister` with a memory store as a process of its own, for as long as it is not disposed. */
export async function openService({ host, ...options }: ServiceOptions): Promise<Service> {
  const lines: string[] = [];
  const { file, args } = host.processes.self(planService(options));
  const child = await host.processes.spawn({
    file, args, environment: host.environment,
    onLine: (_stream, line) => {
      lines.push(line);
      lines.splice(0, lines.length - linesKept);
      host.log.write("debug", "the registration service says", { line });
    },
  });
  let disposed = false;
  const ended = child.exited.then(({ code, signal }) => {
    if (!disposed) host.log.write("error", "the registration service ended", { code, signal, last: lines.join(" | ") });
    return lines.join(" | ");
  });
  return {
    ended,
    async [Symbol.asyncDispose]() {
      disposed = true;
      await child[Symbol.asyncDispose]();
    },
  };
}

/** The words with which a registration service runs beside a simulated mesh. */
export function planService({ names, address, admin, socketPath, groupsDir, stateDir }: Omit<ServiceOptions, "host">): readonly string[] {
  return [
    "autoregister", "--store", "memory", "--groups-dir", groupsDir, "--listen-address", renderHostPort(address), "--admin-address", renderHostPort(admin),
    "--spire-socket-addr", `unix://${socketPath}`, "--cluster-domain", names.clusterDomain, "--state-dir", stateDir,
    // Groups that name nobody, as those of others do, take the machines of this mesh.
    "--default-group-identities", machineIdentities(names).join(","),
  ];
}

/** Makes a folder with the simulator's own group file in it; disposing removes it. */
export async function openGroupFolder(host: Host, folder: string, group: Parameters<typeof renderGroupFile>[0]): Promise<AsyncDisposable> {
  await host.files.makeFolder(folder, 0o755);
  await host.files.writeAtomic(`${folder}/machines.yaml`, renderGroupFile(group));
  return { [Symbol.asyncDispose]: () => host.files.remove(folder) };
}

/** Waits until a registration service has a group to join, and names the first; `ended` brings the last words of one that ends instead. */
export async function readFirstGroup({ clock }: Pick<Host, "clock">, admin: HostPort, ended: Promise<string> = new Promise(() => undefined)): Promise<ObjectKey> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(startWait)]);
  let why = "it does not answer";
  void ended.then((words) => {
    why = `it ended: ${words}`;
    over.abort();
  });
  while (!signal.aborted) {
    const found = await readGroups(admin, signal).catch((error: unknown) => ({ groups: [], troubles: [{ file: "", problems: [error instanceof Error ? error.message : String(error)] }] }));
    const [first] = found.groups;
    if (first !== undefined) return { namespace: first.namespace, name: first.name };
    if (!signal.aborted) why = found.troubles.map(({ file, problems }) => [file, ...problems].filter((text) => text !== "").join(": ")).join("; ") || "it has read no group";
    await clock.sleep(startPoll, signal).catch(() => undefined);
  }
  const target = renderHostPort(admin);
  throw new MeshError("SIMULATOR_FAILED", { doing: `waiting for the groups of the registration service at ${target}`, what: why, target });
}
