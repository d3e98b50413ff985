import { MeshError } from "../../model/errors.ts";
import type { ObjectKey } from "../../model/external-group.ts";
import { renderHostPort } from "../../model/settings/kinds/host-port.ts";
import type { HostPort } from "../../model/settings/values.ts";
import type { Host } from "../../platform/host.ts";
import { openDirectory, readGroups } from "../../registration/open-directory.ts";
import { machineIdentities, type MeshNames } from "../names.ts";
import { renderSocketAddress } from "../socket-path.ts";
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
    "--spire-socket-addr", renderSocketAddress(socketPath), "--cluster-domain", names.clusterDomain, "--state-dir", stateDir,
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

/** The first group of a registration service, once it is ready for machines; `ended` brings the last words of one that ends instead. */
export async function readFirstGroup({ clock }: Pick<Host, "clock">, admin: HostPort, ended: Promise<string> = new Promise(() => undefined)): Promise<ObjectKey> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(startWait)]);
  let why = "it does not answer";
  void ended.then((words) => {
    why = `it ended: ${words}`;
    over.abort();
  });
  while (!signal.aborted) {
    try {
      const group = judgeFirst(await readGroups(admin, signal), admin);
      // It tells its groups before machines may call.
      (await openDirectory(admin, "/readyz", signal)).destroy();
      return group;
    } catch (error) {
      if (error instanceof MeshError) throw error;
      // It has not read them yet, or does not listen.
      if (!signal.aborted) why = error instanceof Error ? error.message : String(error);
    }
    await clock.sleep(startPoll, signal).catch(() => undefined);
  }
  throw groupless(admin, why);
}

function judgeFirst({ groups: [first], troubles }: Awaited<ReturnType<typeof readGroups>>, admin: HostPort): ObjectKey {
  if (first !== undefined) return { namespace: first.namespace, name: first.name };
  throw groupless(admin, troubles.map(({ file, problems }) => `${file}: ${problems.join(", ")}`).join("; ") || "it has no group");
}

function groupless(admin: HostPort, what: string): MeshError {
  const target = renderHostPort(admin);
  return new MeshError("SIMULATOR_FAILED", { doing: `looking for a group of the registration service at ${target}`, what, target });
}
