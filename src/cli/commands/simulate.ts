import { untilAborted } from "../../base/abort.ts";
import { duration } from "../../model/settings/kinds/duration.ts";
import { parseHostPort } from "../../model/settings/kinds/host-port.ts";
import { isLoopback } from "../../model/settings/ip.ts";
import { MeshError } from "../../model/errors.ts";
import { askSimulator, simulatorStatusSchema, type SimulatorStatus } from "../../simulator/control-socket.ts";
import { parseClusterFile, type MoreOfCluster } from "../../simulator/cluster-file.ts";
import { defaultNames, meshPorts } from "../../simulator/names.ts";
import type { Registration } from "../../simulator/registration/join-registration.ts";
import { openSimulator } from "../../simulator/run-simulator.ts";
import { switches, type Switch } from "../../simulator/switches.ts";
import type { Command, CommandContext } from "../command.ts";

const folder = { type: "string", default: "/tmp/linkerd-mesh-simulate", describe: "Folder of the simulator: its sockets and the harness's config file" } as const;

const loopback = "127.0.0.1";

/** A whole small mesh on this machine. */
export const simulate: Command = {
  name: ["simulate"],
  describe: "Run a small mesh on this machine, without a cluster, for a harness to join",
  options: {
    dir: folder,
    listen: { type: "string", default: "127.0.0.1", describe: "Address of the control plane and the meshed service" },
    "machine-address": { type: "string", repeat: true, describe: `Address at which the mesh reaches a machine that joins, once for each; ${loopback} without one, and a harness takes none of loopback` },
    "service-address": { type: "string", default: loopback, describe: "Address of the Service of the meshed echo service, which only a redirect makes reachable" },
    "machines-service": { type: "string", default: "127.0.0.2", describe: "Address of the Service whose endpoints are the ready machines" },
    "application-port": { type: "number", default: meshPorts.application, describe: "Port of the machines' application" },
    registration: { type: "string", default: "static", describe: "How machines become known: static (they are), own (by a registration service that is started too), or the admin address of one that runs" },
    groups: { type: "string", value: "path", describe: "Folder with group files for the registration service that is started too; without it there is a group for the machines of this mesh" },
    "trust-domain": { type: "string", default: defaultNames.trustDomain, describe: "SPIFFE trust domain" },
    "cluster-domain": { type: "string", default: defaultNames.clusterDomain, describe: "DNS domain of the cluster" },
    ttl: { type: "string", default: "1h", describe: "Life of the machines' certificates; they are renewed at its half" },
    cluster: { type: "string", describe: "YAML file with services and workloads besides the built-in ones" },
  },
  examples: [
    { line: "linkerd-mesh simulate --registration own --listen 10.90.0.1 --machine-address 10.90.0.2", does: "Runs a mesh with a registration service, for a machine on the same network" },
    { line: "linkerd-mesh simulate --ttl 20s --output json", does: "Renews certificates every ten seconds, and tells in JSON where everything is" },
  ],
  output: simulatorStatusSchema,
  render: renderStarted,
  async run({ host, options, signal, result }) {
    const names = { trustDomain: text(options, "trust-domain"), clusterDomain: text(options, "cluster-domain") };
    await using simulator = await openSimulator({
      host, names, folder: text(options, "dir"), listen: text(options, "listen"), serviceAddress: text(options, "service-address"),
      machinesAddress: text(options, "machines-service"), machineAddresses: listMachines(options["machine-address"]),
      applicationPort: Number(options["application-port"]), ttl: parseTtl(text(options, "ttl")),
      more: await readCluster(host, options["cluster"]), registration: parseRegistration(text(options, "registration"), options["groups"]),
    });
    result(simulator.status());
    await untilAborted(new Promise(() => undefined), signal).catch(() => undefined);
    return 0;
  },
};

/** How a running simulator stands. */
export const simulateStatus: Command = {
  name: ["simulate", "status"],
  describe: "Show where everything of the running simulator is, and how its switches stand",
  options: { dir: folder },
  examples: [{ line: "linkerd-mesh simulate status", does: "Shows every switch" }],
  output: simulatorStatusSchema,
  render: renderStatus,
  async run({ options, signal, result }) {
    result(simulatorStatusSchema.parse(await askSimulator(text(options, "dir"), { path: "/status" }, signal)));
    return 0;
  },
};

/** Makes something of the running simulator misbehave, or well again. */
export const simulateSet: Command = {
  name: ["simulate", "set"],
  describe: `Make something of the running simulator misbehave: ${Object.keys(switches).join(", ")}`,
  positionals: [
    { name: "switch", describe: "What", required: true, choices: Object.keys(switches) },
    { name: "value", describe: renderValues(), required: true },
  ],
  options: { dir: folder },
  examples: [
    { line: "linkerd-mesh simulate set identity expired", does: "Gives the machine a certificate whose life is over" },
    { line: "linkerd-mesh simulate set policy refuse", does: "Takes the policy service away" },
    { line: "linkerd-mesh simulate set identity good", does: "Sets it right again" },
  ],
  output: simulatorStatusSchema,
  render: renderStatus,
  async run({ options, signal, result }) {
    const body = { switch: text(options, "switch"), value: text(options, "value") };
    result(simulatorStatusSchema.parse(await askSimulator(text(options, "dir"), { path: "/set", body }, signal)));
    return 0;
  },
};

function renderStarted(status: SimulatorStatus): string {
  const { registration } = status;
  return [
    `A small mesh runs at ${status.listen}; stop it with Ctrl+C.`,
    `  service      ${status.service} from a machine that joined`,
    ...(registration === undefined ? [] : [
      `  group        ${registration.group}${registration.groupsDir === undefined ? "" : ` of ${registration.groupsDir}`}, registration at ${registration.address}`,
      `  machines     ${status.machinesService} calls one that is ready; linkerd-mesh workload list --admin-address ${registration.admin}`,
    ]),
    ...status.machines.map(({ identity, socket }) => `  identity     ${identity} at ${socket}`),
    "",
    ...renderJoining(status),
    "",
  ].join("\n");
}

function renderJoining({ machines }: SimulatorStatus): readonly string[] {
  const reachable = machines.filter(({ address }) => !isLoopback(address));
  if (reachable.length === 0) return ["No machine can join it, for a harness takes no loopback address: --listen and --machine-address name others."];
  return reachable.map(({ config }) => `Join it, as root: linkerd-mesh run --config ${config} --proxy-path /path/to/linkerd2-proxy`);
}

function renderStatus(status: SimulatorStatus): string {
  const rows = Object.entries(status.switches).map(([name, value]) => {
    const known: Switch | undefined = (switches as Readonly<Record<string, Switch>>)[name];
    return `  ${name.padEnd(17)} ${value.padEnd(12)} ${known?.values[value] ?? ""}`;
  });
  return [
    `The simulator at ${status.listen} gives ${status.machines.map(({ identity, socket }) => `${identity} through ${socket}`).join(", ")}`,
    ...status.workloads.map(({ namespace, name, address, ready, reason }) => `It knows ${namespace}/${name} at ${address}: ${ready ? "ready" : "not ready"}, ${reason}`),
    "", ...rows,
  ].join("\n");
}

function renderValues(): string {
  return Object.entries(switches).map(([name, { values }]) => `${name}: ${Object.keys(values).join("|")}`).join("; ");
}

async function readCluster(host: CommandContext["host"], path: CommandContext["options"][string]): Promise<MoreOfCluster | undefined> {
  if (path === undefined) return undefined;
  const file = String(path);
  const found = await host.files.readText(file);
  if (found === undefined) throw new MeshError("SIMULATOR_CLUSTER", { doing: `reading ${file}`, what: "there is no such file", target: file });
  return parseClusterFile(found, file);
}

function listMachines(given: CommandContext["options"][string]): readonly string[] {
  return Array.isArray(given) && given.length > 0 ? given.map(String) : [loopback];
}

function parseRegistration(given: string, groups: CommandContext["options"][string]): Registration {
  if (groups !== undefined || given === "own") return { kind: "own", groupsDir: groups === undefined ? undefined : String(groups) };
  if (given === "static") return { kind: "static" };
  const admin = parseHostPort(given);
  if (admin.ok) return { kind: "running", admin: admin.value };
  throw new MeshError("USAGE", { doing: "reading --registration", what: `'${given}' is neither static nor own nor an address and port: ${admin.reason}`, target: "--registration" });
}

function parseTtl(given: string): number {
  const parsed = duration.parse(given, "linux");
  if (parsed.ok && parsed.value >= 1000) return parsed.value;
  throw new MeshError("USAGE", { doing: "reading --ttl", what: `'${given}' is not a duration of at least a second`, target: "--ttl" });
}

function text(options: CommandContext["options"], name: string): string {
  return String(options[name]);
}
