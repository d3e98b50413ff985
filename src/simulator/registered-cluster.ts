import { defaultInboundPort } from "../model/external-workload.ts";
import type { Endpoint } from "../linkerd/addresses.ts";
import type { Access } from "../linkerd/inbound-policy.ts";
import type { MeshedEndpoint } from "../linkerd/outbound-policy.ts";
import type { WorkloadEntry } from "../registration/directory.ts";
import type { Cluster } from "./cluster.ts";
import { meshNamespace } from "./names.ts";

/** A machine that the control plane knows, with everything that a caller of the mesh needs to reach it. */
export interface KnownMachine extends MeshedEndpoint {
  readonly namespace: string;
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string;
}

/** What the cluster says of its machines. */
export interface MachineRules {
  /** Address and port of the Service whose endpoints are the ready machines; nothing listens there. */
  readonly service: Endpoint;
  /** Who may call a machine's application. */
  readonly access: Access;
}

/** Name of the Service whose endpoints are the ready machines. */
export const machinesService = "machines";

/** A registered machine as Linkerd reads its ExternalWorkload: the first TCP port is the application's where the group names one. */
export function parseRegistered({ namespace, name, addresses, ports, inboundPort, identity, serverName, ready, reason }: WorkloadEntry, applicationPort: number): KnownMachine | undefined {
  const [ip] = addresses;
  if (ip === undefined) return undefined;
  const port = ports.find(({ protocol }) => protocol === "TCP")?.port ?? applicationPort;
  return { namespace, name, ready, reason, ip, port, identity, serverName, inboundPort: inboundPort === 0 ? defaultInboundPort : inboundPort, http2: true };
}

/** The cluster with its machines: each is a workload with policies, and an endpoint of the Service `machines` while it is ready. */
export function joinMachines(cluster: Cluster, machines: readonly KnownMachine[], { service, access }: MachineRules): Cluster {
  const endpoints = machines.filter(({ ready }) => ready).map(({ ip, port, identity, serverName, inboundPort, http2 }) => ({ ip, port, identity, serverName, inboundPort, http2 }));
  const workloads = machines.map(({ namespace, name, ip, port }) => ({ namespace, name, address: ip, access: new Map([[port, access]]) }));
  return {
    ...cluster,
    services: [...cluster.services, { name: machinesService, namespace: meshNamespace, address: service, endpoints }],
    workloads: [...cluster.workloads, ...workloads],
  };
}
