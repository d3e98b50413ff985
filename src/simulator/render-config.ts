import type { ObjectKey } from "../model/external-group.ts";
import { renderHostPort } from "../model/settings/kinds/host-port.ts";
import type { HostPort } from "../model/settings/values.ts";
import { machineNames, meshNamespace, meshPorts, registrationNames, type MeshNames } from "./names.ts";
import { renderSocketAddress } from "./socket-path.ts";

/** What a machine's config file says. */
export interface MachineConfig {
  readonly names: MeshNames;
  /** Address of the control plane. */
  readonly listen: string;
  /** First, second and so on: the number of the machine. */
  readonly number: number;
  readonly address: string;
  readonly socketPath: string;
  /** Where and as what it registers; without it its ExternalWorkload exists already. */
  readonly join: { readonly group: ObjectKey; readonly address: HostPort } | undefined;
}

/** The config file with which a harness joins the simulated mesh. */
export function renderConfig({ names, listen, number, address, socketPath, join }: MachineConfig): string {
  const lines = {
    ...(join === undefined ? renderStatic(names, number) : renderDynamic(names, join)),
    inboundNetworkAddress: address,
    clusterDomain: names.clusterDomain,
    destinationSvcAddr: renderHostPort({ host: listen, port: meshPorts.destination }),
    policySvcAddr: renderHostPort({ host: listen, port: meshPorts.policy }),
    spireSocketAddr: renderSocketAddress(socketPath),
  };
  return `${["# How a harness joins the simulated mesh: linkerd-mesh run --config this-file", ...Object.entries(lines).map(([key, value]) => `${key}: ${value}`)].join("\n")}\n`;
}

function renderStatic(names: MeshNames, number: number): Readonly<Record<string, string>> {
  const { workload, serverName } = machineNames(names, number);
  return { registration: "static", workloadName: workload, workloadNamespace: meshNamespace, workloadServerName: serverName };
}

function renderDynamic(names: MeshNames, { group, address }: NonNullable<MachineConfig["join"]>): Readonly<Record<string, string>> {
  return {
    registration: "dynamic", workloadGroupName: group.name, workloadGroupNamespace: group.namespace,
    controlAddress: renderHostPort(address), controlServerName: registrationNames(names).serverName,
  };
}
