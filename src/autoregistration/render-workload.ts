import { ownDomain } from "../model/external-group.ts";
import { defaultInboundPort, inboundPortName } from "../model/external-workload.ts";
import type { MachineFacts, ReadyCondition, WorkloadObject } from "./objects.ts";

/** Label that says that a workload is ours; what does not carry it we never touch. */
export const managedByLabel = `${ownDomain}/managed-by`;

/** Label that names the group. */
export const groupLabel = `${ownDomain}/group`;

/** Value of the managed-by label. */
export const manager = "autoregister";

/** Annotation that holds the instance id. */
export const instanceAnnotation = `${ownDomain}/instance-id`;

/** Annotation that holds, as JSON, the labels that the machine set by itself. */
export const machineLabelsAnnotation = `${ownDomain}/machine-labels`;

/** A `workload.linkerd.io/v1beta1` ExternalWorkload as plain data, without its status. */
export interface ExternalWorkloadManifest {
  readonly apiVersion: "workload.linkerd.io/v1beta1";
  readonly kind: "ExternalWorkload";
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly meshTLS: { readonly identity: string; readonly serverName: string };
    readonly workloadIPs: readonly { readonly ip: string }[];
    readonly ports: readonly { readonly port: number; readonly name: string; readonly protocol: string }[];
  };
}

/** The status subresource: Linkerd's policy controller demands the list of conditions, so that it is never left out. */
export interface ExternalWorkloadStatus {
  readonly conditions: readonly { readonly type: "Ready"; readonly status: "True" | "False"; readonly reason: string; readonly message: string; readonly lastTransitionTime: string }[];
}

/** The ExternalWorkload of a machine. Our own labels and annotations win over a group's, whatever it says. */
export function renderExternalWorkload(object: WorkloadObject): ExternalWorkloadManifest {
  const { key, group, identity, serverName, addresses, inboundPort, ports } = object;
  // Linkerd dials its own port unless the workload publishes another one under this name.
  const own = inboundPort === defaultInboundPort ? [] : [{ port: inboundPort, name: inboundPortName, protocol: "TCP" }];
  return {
    apiVersion: "workload.linkerd.io/v1beta1",
    kind: "ExternalWorkload",
    metadata: {
      name: key.name,
      namespace: key.namespace,
      labels: { ...object.labels, [groupLabel]: group, [managedByLabel]: manager },
      annotations: { ...object.annotations, ...renderFacts(object.facts), [instanceAnnotation]: object.instanceId, [machineLabelsAnnotation]: JSON.stringify(object.machineLabels) },
    },
    spec: {
      meshTLS: { identity, serverName },
      workloadIPs: addresses.map((ip) => ({ ip })),
      ports: [...ports.map(({ name, port, protocol }) => ({ port, name, protocol })), ...own],
    },
  };
}

/** The status of a workload whose condition is known; before its first one it has no status at all. */
export function renderStatus({ ready, reason, message, since }: ReadyCondition): ExternalWorkloadStatus {
  return { conditions: [{ type: "Ready", status: ready ? "True" : "False", reason, message, lastTransitionTime: since.replace(/\.\d+Z$/u, "Z") }] };
}

function renderFacts(facts: MachineFacts): Record<string, string> {
  const named = { os: facts.os, hostname: facts.hostname, zone: facts.zone, "harness-version": facts.harnessVersion, "proxy-version": facts.proxyVersion };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== "").map(([name, value]) => [`${ownDomain}/${name}`, value]));
}
