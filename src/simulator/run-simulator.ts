import { MeshError } from "../model/errors.ts";
import { hostPort } from "../model/settings/kinds/host-port.ts";
import type { Host } from "../platform/host.ts";
import { openControlSocket, type SimulatorStatus } from "./control-socket.ts";
import { machineNames, meshNamespace, meshPorts, type MeshNames } from "./names.ts";
import { Simulator } from "./simulator.ts";

/** What `linkerd-mesh simulate` is told. */
export interface SimulateOptions {
  readonly host: Host;
  readonly names: MeshNames;
  /** Folder for the sockets and the harness's config file; made when it is absent. */
  readonly folder: string;
  readonly listen: string;
  readonly serviceAddress: string;
  readonly machineAddress: string;
  readonly applicationPort: number;
  readonly ttl: number;
}

/** A simulated mesh that runs, with its control socket and the config file for the machine's harness. */
export interface RunningSimulator extends AsyncDisposable {
  status(): SimulatorStatus;
}

/** Starts a simulated mesh in a folder; disposing it ends everything and removes what it made there. */
export async function openSimulator(options: SimulateOptions): Promise<RunningSimulator> {
  const { host, names, folder, listen } = options;
  await using stack = new AsyncDisposableStack();
  await claimFolder(host, folder);
  const socketPath = `${folder}/workload-api.sock`;
  const service = { ip: options.serviceAddress, port: meshPorts.service };
  const simulator = stack.use(await Simulator.open({
    clock: host.clock, log: host.log, names, listen, service, socketPath, socketOpened: () => host.files.setMode(socketPath, 0o666), ttl: options.ttl,
    machine: { ip: options.machineAddress, port: options.applicationPort },
  }));
  const machine = machineNames(names);
  const configPath = `${folder}/config.yaml`;
  const status = (): SimulatorStatus => ({
    listen, socket: `unix://${socketPath}`, identity: machine.identity, serverName: machine.serverName,
    service: `http://${hostPort.format({ host: service.ip, port: service.port })}/`, config: configPath, switches: simulator.switches,
  });
  const controlPath = `${folder}/control.sock`;
  stack.use(await openControlSocket(controlPath, simulator, status));
  // It gives out private keys: nobody but its owner may open it.
  await host.files.setMode(controlPath, 0o600);
  await host.files.writeAtomic(configPath, renderConfig(options));
  stack.defer(() => host.files.remove(configPath));
  const kept = stack.move();
  return { status, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Any account of this machine may fetch the simulated identity from the folder, but it must be ours: somebody else's could lead anywhere. */
async function claimFolder(host: Host, folder: string): Promise<void> {
  await host.files.makeFolder(folder, 0o755);
  const [info, account] = await Promise.all([host.files.stat(folder), host.account()]);
  if (info?.kind === "folder" && (account.uid < 0 || info.owner === account.uid)) return;
  throw new MeshError("SIMULATOR_FAILED", { doing: `making the simulator's folder ${folder}`, what: "it belongs to another account", target: folder, remedy: "Give another folder with --dir." });
}

/** The config file with which a harness joins this mesh. */
export function renderConfig({ names, folder, listen, machineAddress }: Pick<SimulateOptions, "names" | "folder" | "listen" | "machineAddress">): string {
  const machine = machineNames(names);
  const lines = {
    registration: "static",
    workloadName: machine.workload,
    workloadNamespace: meshNamespace,
    workloadServerName: machine.serverName,
    inboundNetworkAddress: machineAddress,
    clusterDomain: names.clusterDomain,
    destinationSvcAddr: hostPort.format({ host: listen, port: meshPorts.destination }),
    policySvcAddr: hostPort.format({ host: listen, port: meshPorts.policy }),
    spireSocketAddr: `unix://${folder}/workload-api.sock`,
  };
  return `${["# How a harness joins the simulated mesh: linkerd-mesh run --config this-file", ...Object.entries(lines).map(([key, value]) => `${key}: ${value}`)].join("\n")}\n`;
}
