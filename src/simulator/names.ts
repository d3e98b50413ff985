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
export const meshPorts = { destination: 8086, policy: 8090, peerProxy: 4143, peerApplication: 8080, service: 80, application: 8080 } as const;

/** The name that Linkerd gives a service account: TLS name and identity in one. */
export function serviceAccountName(account: string, namespace: string, { clusterDomain }: MeshNames): string {
  return `${account}.${namespace}.serviceaccount.identity.linkerd.${clusterDomain}`;
}

/** TLS name of both services of the control plane. */
export function controlPlaneName(names: MeshNames): string {
  return serviceAccountName("linkerd-destination", "linkerd", names);
}

/** Everything the machine is called. */
export function machineNames({ trustDomain, clusterDomain }: MeshNames): { readonly workload: string; readonly identity: string; readonly serverName: string } {
  const workload = "external-workload";
  return { workload, identity: `spiffe://${trustDomain}/${workload}`, serverName: `${workload}.${meshNamespace}.external.identity.linkerd.${clusterDomain}` };
}
