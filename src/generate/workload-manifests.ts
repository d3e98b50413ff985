import { defaultInboundPort, inboundPortName, type ExternalWorkload, type WorkloadPort } from "../model/external-workload.ts";
import { renderYaml } from "./render-yaml.ts";

/** A Kubernetes object as plain data, keys in the order in which they are printed. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Who may call the machine: SPIFFE ids or service-account identities; `*` is everybody with an identity of the mesh. */
export interface WorkloadAccess {
  readonly clients: readonly string[];
}

/**
 * Everything plain Linkerd needs to know a machine: ExternalWorkload, Service, and for each port a Server that denies
 * by default with the AuthorizationPolicy and MeshTLSAuthentication that let the clients in.
 */
export function renderWorkloadManifests(workload: ExternalWorkload, access: WorkloadAccess): readonly Manifest[] {
  return [
    externalWorkload(workload),
    ...(workload.ports.length > 0 ? [service(workload), clients(workload, access)] : []),
    ...workload.ports.flatMap((port) => [server(workload, port), authorization(workload, port)]),
  ];
}

/**
 * The command that makes the workload Ready. Status is a subresource of ExternalWorkload, so that `kubectl apply`
 * drops it silently; it must be patched by itself.
 */
export function renderReadyCommand(workload: ExternalWorkload, at: Date): string {
  const patch = {
    status: { conditions: [{ type: "Ready", status: "True", reason: "Joined", lastTransitionTime: at.toISOString().replace(/\.\d+Z$/u, "Z") }] },
  };
  return `kubectl patch externalworkload ${workload.name} --namespace ${workload.namespace} --subresource=status --type=merge --patch '${JSON.stringify(patch)}'`;
}

/** The manifests as one YAML stream for `kubectl apply -f -`; the next step stands in its first lines as a comment. */
export function renderYamlStream(manifests: readonly Manifest[], readyCommand: string): string {
  const head = ["# Apply with: kubectl apply -f -", "# Then, once the machine serves, make it Ready:", `#   ${readyCommand}`];
  return [head.join("\n"), ...manifests.map((manifest) => renderYaml(manifest).trimEnd())].join("\n---\n") + "\n";
}

function externalWorkload(workload: ExternalWorkload): Manifest {
  const own = workload.inboundPort === defaultInboundPort ? [] : [{ port: workload.inboundPort, name: inboundPortName, protocol: "TCP" }];
  return {
    apiVersion: "workload.linkerd.io/v1beta1",
    kind: "ExternalWorkload",
    metadata: { name: workload.name, namespace: workload.namespace, labels: workload.labels },
    spec: {
      meshTLS: { identity: workload.identity, serverName: workload.serverName },
      workloadIPs: workload.addresses.map((ip) => ({ ip })),
      ports: [...workload.ports.map(({ name, port }) => ({ port, name, protocol: "TCP" })), ...own],
    },
  };
}

function service(workload: ExternalWorkload): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: workload.name, namespace: workload.namespace },
    spec: {
      type: "ClusterIP",
      selector: workload.labels,
      // Linkerd drops a Service port whose target the workload does not declare with the same protocol.
      ports: workload.ports.map(({ name, port }) => ({ name, port, targetPort: name, protocol: "TCP" })),
    },
  };
}

function server(workload: ExternalWorkload, port: WorkloadPort): Manifest {
  return {
    apiVersion: "policy.linkerd.io/v1beta3",
    kind: "Server",
    metadata: { name: portObjectName(workload, port), namespace: workload.namespace },
    spec: { externalWorkloadSelector: { matchLabels: workload.labels }, port: port.name, accessPolicy: "deny" },
  };
}

function authorization(workload: ExternalWorkload, port: WorkloadPort): Manifest {
  const name = portObjectName(workload, port);
  return {
    apiVersion: "policy.linkerd.io/v1alpha1",
    kind: "AuthorizationPolicy",
    metadata: { name, namespace: workload.namespace },
    spec: {
      targetRef: { group: "policy.linkerd.io", kind: "Server", name },
      requiredAuthenticationRefs: [{ group: "policy.linkerd.io", kind: "MeshTLSAuthentication", name: clientsName(workload) }],
    },
  };
}

function clients(workload: ExternalWorkload, access: WorkloadAccess): Manifest {
  return {
    apiVersion: "policy.linkerd.io/v1alpha1",
    kind: "MeshTLSAuthentication",
    metadata: { name: clientsName(workload), namespace: workload.namespace },
    spec: { identities: access.clients },
  };
}

function portObjectName(workload: ExternalWorkload, port: WorkloadPort): string {
  return `${workload.name}-${port.name}`;
}

function clientsName(workload: ExternalWorkload): string {
  return `${workload.name}-clients`;
}
