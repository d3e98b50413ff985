import { MeshError } from "../model/errors.ts";
import { renderHostPort } from "../model/settings/kinds/host-port.ts";
import type { Host } from "../platform/host.ts";
import type { MoreOfCluster } from "./cluster-file.ts";
import { openControlSocket, type SimulatorStatus } from "./control-socket.ts";
import { machineNames, meshPorts, type MeshNames } from "./names.ts";
import { joinRegistration, type JoinedRegistration, type Registration } from "./registration/join-registration.ts";
import { renderConfig } from "./render-config.ts";
import { Simulator, type SimulatedMachine } from "./simulator.ts";
import { isPipe, renderSocketAddress, socketPathOf } from "./socket-path.ts";

/** What `linkerd-mesh simulate` is told. */
export interface SimulateOptions {
  readonly host: Host;
  readonly names: MeshNames;
  /** Folder for the sockets and the harness's config files; made when it is absent. */
  readonly folder: string;
  readonly listen: string;
  readonly serviceAddress: string;
  /** Address of the Service whose endpoints are the ready machines. */
  readonly machinesAddress: string;
  /** Where the mesh reaches each machine that may join. */
  readonly machineAddresses: readonly string[];
  readonly applicationPort: number;
  readonly ttl: number;
  /** Services and workloads besides the built-in ones. */
  readonly more?: MoreOfCluster | undefined;
  readonly registration: Registration;
}

/** A simulated mesh that runs, with its control socket and the config files for the machines' harnesses. */
export interface RunningSimulator extends AsyncDisposable {
  status(): SimulatorStatus;
}

/** Files of a simulator that one which was killed leaves behind. */
const sockets = /^(?:workload-api(?:-\d+)?|registration-api|control)\.sock$/u;

/** Starts a simulated mesh in a folder; disposing it ends everything and removes what it made there. */
export async function openSimulator(options: SimulateOptions): Promise<RunningSimulator> {
  const { host, folder } = options;
  await using stack = new AsyncDisposableStack();
  await claimFolder(host, folder);
  stack.use(await lockFolder(host, folder));
  const machines = options.machineAddresses.map((address, index) => ({ address, socketPath: socketPathOf(folder, `workload-api${suffix(index)}`) }));
  const registrationSocket = options.registration.kind === "static" ? undefined : socketPathOf(folder, "registration-api");
  const simulator = stack.use(await openMesh(options, machines, registrationSocket));
  const { registration } = options;
  const joined = registration.kind === "static" || registrationSocket === undefined ? undefined
    : await joinRegistration({ ...options, registration, socketPath: registrationSocket }, simulator, stack);
  const status = (): SimulatorStatus => describe(options, { simulator, machines, joined });
  const controlPath = socketPathOf(folder, "control");
  stack.use(await openControlSocket(controlPath, simulator, status));
  // It gives out private keys: nobody but its owner may open it.
  await setMode(host, controlPath, 0o600);
  await writeConfigs(options, { machines, joined }, stack);
  const kept = stack.move();
  return { status, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function openMesh({ host, ...options }: SimulateOptions, machines: readonly SimulatedMachine[], registrationSocket: string | undefined): Promise<Simulator> {
  const services = { echo: { ip: options.serviceAddress, port: meshPorts.service }, machines: { ip: options.machinesAddress, port: meshPorts.service } };
  return Simulator.open({
    ...options, clock: host.clock, log: host.log, machines, services, registrationSocket,
    socketOpened: (path) => setMode(host, path, 0o666),
  });
}

// A pipe is open to who may by Windows' own rules: its maker may all, others of the machine may read.
async function setMode(host: Host, path: string, mode: number): Promise<void> {
  if (!isPipe(path)) await host.files.setMode(path, mode);
}

/** The first machine's files have plain names; there is mostly no second. */
function suffix(index: number): string {
  return index === 0 ? "" : `-${index + 1}`;
}

interface Parts {
  readonly simulator: Simulator;
  readonly machines: readonly SimulatedMachine[];
  readonly joined: JoinedRegistration | undefined;
}

function describe({ names, folder, listen, serviceAddress, machinesAddress }: SimulateOptions, { simulator, machines, joined }: Parts): SimulatorStatus {
  const urlOf = (host: string): string => `http://${renderHostPort({ host, port: meshPorts.service })}/`;
  return {
    listen, clusterDomain: names.clusterDomain, service: urlOf(serviceAddress), machinesService: urlOf(machinesAddress),
    machines: machines.map(({ address, socketPath }, index) => ({
      address, identity: machineNames(names, index + 1).identity, socket: renderSocketAddress(socketPath), config: `${folder}/config${suffix(index)}.yaml`,
    })),
    ...(joined === undefined ? {} : { registration: describeRegistration(joined) }),
    workloads: simulator.machines.map(({ namespace, name, ip: address, port, inboundPort, identity, serverName, ready, reason }) => ({ namespace, name, address, port, inboundPort, identity, serverName, ready, reason })),
    switches: simulator.switches,
  };
}

function describeRegistration({ address, admin, group, groupsDir }: JoinedRegistration): NonNullable<SimulatorStatus["registration"]> {
  return { address: renderHostPort(address), admin: renderHostPort(admin), group: `${group.namespace}/${group.name}`, ...(groupsDir === undefined ? {} : { groupsDir }) };
}

async function writeConfigs({ host, names, folder, listen }: SimulateOptions, { machines, joined }: Omit<Parts, "simulator">, stack: AsyncDisposableStack): Promise<void> {
  for (const [index, { address, socketPath }] of machines.entries()) {
    const path = `${folder}/config${suffix(index)}.yaml`;
    await host.files.writeAtomic(path, renderConfig({ names, listen, number: index + 1, address, socketPath, join: joined }));
    stack.defer(() => host.files.remove(path));
  }
}

/** Any account of this machine may fetch the simulated identity from the folder, but it must be ours: somebody else's could lead anywhere. */
async function claimFolder(host: Host, folder: string): Promise<void> {
  await host.files.makeFolder(folder, 0o755);
  const [info, account] = await Promise.all([host.files.stat(folder), host.account()]);
  if (info?.kind === "folder" && (account.uid < 0 || info.owner === account.uid)) return;
  throw new MeshError("SIMULATOR_FAILED", { doing: `making the simulator's folder ${folder}`, what: "it belongs to another account", target: folder, remedy: "Give another folder with --dir." });
}

/** One simulator a folder; the sockets of one that was killed are taken away. */
async function lockFolder(host: Host, folder: string): Promise<AsyncDisposable> {
  const path = `${folder}/lock`;
  const held = await host.files.lock(path);
  if (held === undefined) {
    throw new MeshError("SIMULATOR_FAILED", {
      doing: `starting a simulator in ${folder}`, what: "another one runs there", target: folder, remedy: "Stop it, or give this one another folder with --dir.",
    });
  }
  for (const name of (await host.files.list(folder)).filter((found) => sockets.test(found))) await host.files.remove(`${folder}/${name}`);
  return {
    async [Symbol.asyncDispose]() {
      await host.files.remove(path);
      await held[Symbol.asyncDispose]();
    },
  };
}
