import { untilAborted } from "../../base/abort.ts";
import { duration } from "../../model/settings/kinds/duration.ts";
import { MeshError } from "../../model/errors.ts";
import { askSimulator, simulatorStatusSchema, type SimulatorStatus } from "../../simulator/control-socket.ts";
import { defaultNames, meshPorts } from "../../simulator/names.ts";
import { openSimulator } from "../../simulator/run-simulator.ts";
import { switches, type Switch } from "../../simulator/switches.ts";
import type { Command, CommandContext } from "../command.ts";

const folder = { type: "string", default: "/tmp/linkerd-mesh-simulate", describe: "Folder of the simulator: its sockets and the harness's config file" } as const;

/** A whole small mesh on this machine. */
export const simulate: Command = {
  name: ["simulate"],
  describe: "Run a small mesh on this machine, without a cluster, for a harness to join",
  options: {
    dir: folder,
    listen: { type: "string", default: "127.0.0.1", describe: "Address of the control plane and the meshed service" },
    "machine-address": { type: "string", default: "127.0.0.1", describe: "Address at which the mesh reaches the machine that joins" },
    "service-address": { type: "string", default: "127.0.0.1", describe: "Address of the Service, which only a redirect makes reachable" },
    "application-port": { type: "number", default: meshPorts.application, describe: "Port of the machine's application" },
    "trust-domain": { type: "string", default: defaultNames.trustDomain, describe: "SPIFFE trust domain" },
    "cluster-domain": { type: "string", default: defaultNames.clusterDomain, describe: "DNS domain of the cluster" },
    ttl: { type: "string", default: "1h", describe: "Life of the machine's certificates; they are renewed at its half" },
  },
  examples: [
    { line: "linkerd-mesh simulate --listen 10.90.0.1 --machine-address 10.90.0.2", does: "Runs a mesh for a machine on the same network" },
    { line: "linkerd-mesh simulate --ttl 20s --output json", does: "Renews certificates every ten seconds, and tells in JSON where everything is" },
  ],
  output: simulatorStatusSchema,
  render: renderStarted,
  async run({ host, options, signal, result }) {
    const names = { trustDomain: text(options, "trust-domain"), clusterDomain: text(options, "cluster-domain") };
    await using simulator = await openSimulator({
      host, names, folder: text(options, "dir"), listen: text(options, "listen"), serviceAddress: text(options, "service-address"),
      machineAddress: text(options, "machine-address"), applicationPort: Number(options["application-port"]), ttl: parseTtl(text(options, "ttl")),
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
  return [
    `A small mesh runs at ${status.listen}; stop it with Ctrl+C.`,
    `  identities   ${status.socket}`,
    `  service      ${status.service} from a machine that joined`,
    "",
    `Join it, as root: linkerd-mesh run --config ${status.config} --proxy-path /path/to/linkerd2-proxy`,
    "",
  ].join("\n");
}

function renderStatus(status: SimulatorStatus): string {
  const rows = Object.entries(status.switches).map(([name, value]) => {
    const known: Switch | undefined = (switches as Readonly<Record<string, Switch>>)[name];
    return `  ${name.padEnd(17)} ${value.padEnd(12)} ${known?.values[value] ?? ""}`;
  });
  return [`The simulator at ${status.listen} gives ${status.identity} through ${status.socket}`, "", ...rows].join("\n");
}

function renderValues(): string {
  return Object.entries(switches).map(([name, { values }]) => `${name}: ${Object.keys(values).join("|")}`).join("; ");
}

function parseTtl(given: string): number {
  const parsed = duration.parse(given, "linux");
  if (parsed.ok && parsed.value >= 1000) return parsed.value;
  throw new MeshError("USAGE", { doing: "reading --ttl", what: `'${given}' is not a duration of at least a second`, target: "--ttl" });
}

function text(options: CommandContext["options"], name: string): string {
  return String(options[name]);
}
