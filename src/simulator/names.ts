import { defaultInboundPort } from "../model/external-workload.ts";

/** The identities and names of the simulated mesh; all follow from its two domains. */
export interface MeshNames {
  readonly trustDomain: string;
  readonly clusterDomain: string;
}

/** What the mesh is called when nobody says otherwise. */
export const defaultNames: MeshNames = { trustDomain: "root.linkerd.cluster.local", clusterDomain: "cluster.local" };

/** Namespace in which everything of the simulated mesh lives. */
export const meshNamespace = "mixed-env";

/** Ports of the simulated mesh; those of the control plane are Linkerd's own. */
export const meshPorts = {
  destination: 8086, policy: 8090, peerProxy: defaultInboundPort, peerApplication: 8080, service: 80, application: 8080, registration: 8081, registrationAdmin: 9996,
} as const;

/** The name that Linkerd gives a service account: TLS name and identity in one. */
export function serviceAccountName(account: string, namespace: string, { clusterDomain }: Pick<MeshNames, "clusterDomain">): string {
  return `${account}.${namespace}.serviceaccount.identity.linkerd.${clusterDomain}`;
}

/** TLS name of both services of the control plane. */
export function controlPlaneName(names: MeshNames): string {
  return serviceAccountName("linkerd-destination", "linkerd", names);
}

/** Everything the machine of that number is called; the workload's names are those of static registration. */
export function machineNames({ trustDomain, clusterDomain }: MeshNames, number = 1): { readonly workload: string; readonly identity: string; readonly serverName: string } {
  const first = "external-workload";
  const workload = number === 1 ? first : `${first}-${number}`;
  const identity = `spiffe://${trustDomain}/${first}${number === 1 ? "" : `/${number}`}`;
  return { workload, identity, serverName: `${workload}.${meshNamespace}.external.identity.linkerd.${clusterDomain}` };
}

/** Who may join as a machine of the simulated mesh, as a group says it. */
export function machineIdentities(names: MeshNames): readonly string[] {
  const { identity } = machineNames(names);
  return [identity, `${identity}/*`];
}

/** Who the registration service is: its SPIFFE id, and the TLS name that machines ask for. */
export function registrationNames(names: MeshNames): { readonly identity: string; readonly serverName: string } {
  const account = "linkerd-autoregistration";
  return { identity: `spiffe://${names.trustDomain}/${account}`, serverName: serviceAccountName(account, "linkerd", names) };
}
