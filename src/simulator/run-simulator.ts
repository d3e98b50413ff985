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
  readonly configPath: string;
}

/** Starts a simulated mesh in a folder; disposing it ends everything and removes what it made there. */
export async function openSimulator(options: SimulateOptions): Promise<RunningSimulator> {
  const { host, names, folder, listen } = options;
  await using stack = new AsyncDisposableStack();
  // Any account of this machine may fetch the simulated identity; the control socket is the owner's alone.
  await host.files.makeFolder(folder, 0o755);
  const socketPath = `${folder}/workload-api.sock`;
  const service = { ip: options.serviceAddress, port: meshPorts.service };
  const simulator = stack.use(await Simulator.open({
    clock: host.clock, log: host.log, names, listen, service, socketPath, ttl: options.ttl,
    machine: { ip: options.machineAddress, port: options.applicationPort },
  }));
  await host.files.setMode(socketPath, 0o666);
  const machine = machineNames(names);
  const status = (): SimulatorStatus => ({
    listen, socket: `unix://${socketPath}`, identity: machine.identity, serverName: machine.serverName,
    service: `http://${service.ip}:${service.port}/`, switches: simulator.switches,
  });
  stack.use(await openControlSocket(`${folder}/control.sock`, simulator, status));
  const configPath = `${folder}/config.yaml`;
  await host.files.writeAtomic(configPath, renderConfig(options));
  stack.defer(() => host.files.remove(configPath));
  const kept = stack.move();
  return { status, configPath, [Symbol.asyncDispose]: () => kept.disposeAsync() };
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
    destinationSvcAddr: `${listen}:${meshPorts.destination}`,
    policySvcAddr: `${listen}:${meshPorts.policy}`,
    spireSocketAddr: `unix://${folder}/workload-api.sock`,
  };
  return `${["# How a harness joins the simulated mesh: linkerd-mesh run --config this-file", ...Object.entries(lines).map(([key, value]) => `${key}: ${value}`)].join("\n")}\n`;
}
