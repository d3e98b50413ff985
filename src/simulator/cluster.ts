import { parseObject } from "../base/parse-json.ts";
import type { Endpoint } from "../linkerd/addresses.ts";
import type { Access } from "../linkerd/inbound-policy.ts";
import type { MeshedEndpoint, OutboundTarget } from "../linkerd/outbound-policy.ts";

/** A Service of the small cluster. */
export interface Service {
  readonly name: string;
  readonly namespace: string;
  /** Its address and port, as a ClusterIP; nothing listens there. */
  readonly address: Endpoint;
  readonly endpoints: readonly MeshedEndpoint[];
}

/** A machine outside the cluster, as its ExternalWorkload and policies say. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** Who may connect to which port; other ports are open to all, as Linkerd's default is. */
  readonly access: ReadonlyMap<number, Access>;
}

/** Everything that the control plane of the small cluster knows. */
export interface Cluster {
  readonly domain: string;
  readonly services: readonly Service[];
  readonly workloads: readonly Workload[];
}

/** The name under which discovery knows a Service: `name.namespace.svc.domain:port`. */
export function renderAuthority({ domain }: Cluster, { name, namespace, address }: Service): string {
  return `${name}.${namespace}.svc.${domain}:${address.port}`;
}

/** Where connections to an address go; undefined when the cluster does not know it. */
export function findTarget(cluster: Cluster, { ip, port }: Endpoint): OutboundTarget | undefined {
  const service = cluster.services.find(({ address }) => address.ip === ip && address.port === port);
  if (service !== undefined) return { kind: "service", authority: renderAuthority(cluster, service) };
  const endpoint = cluster.services.flatMap(({ endpoints }) => endpoints).find((one) => one.ip === ip && one.port === port);
  return endpoint && { kind: "endpoint", endpoint };
}

/** The Service with that authority. */
export function findService(cluster: Cluster, authority: string): Service | undefined {
  return cluster.services.find((service) => renderAuthority(cluster, service) === authority);
}

/** Who may connect to a port of the workload that a proxy's token names; undefined when there is no such workload. */
export function findAccess(cluster: Cluster, token: string, port: number): Access | undefined {
  const { ns, external_workload: name } = parseObject(token) ?? {};
  const workload = cluster.workloads.find((one) => one.namespace === ns && one.name === name);
  return workload && (workload.access.get(port) ?? "all");
}
