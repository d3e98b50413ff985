import type { ExternalGroup } from "../model/external-group.ts";
import type { RegisterCall } from "./calls.ts";
import { renderServerName } from "./names.ts";
import type { WorkloadObject } from "./objects.ts";

/** The workload of a machine that its group lets in under these addresses. */
export function objectOf(call: RegisterCall, place: { readonly name: string; readonly group: ExternalGroup; readonly addresses: readonly string[]; readonly clusterDomain: string }): WorkloadObject {
  const { name, group, addresses, clusterDomain } = place;
  const key = { namespace: group.key.namespace, name };
  return withGroup(
    {
      key,
      group: group.key.name,
      identity: call.identity,
      serverName: renderServerName(key, group.proxy.clusterDomain ?? clusterDomain),
      instanceId: call.incarnation.instanceId,
      labels: {},
      machineLabels: call.labels,
      annotations: {},
      addresses,
      inboundPort: call.inboundPort,
      ports: [],
      facts: call.facts,
    },
    group,
  );
}

/** The workload with what its group says now; a machine's own labels hold where the group still allows their keys. */
export function withGroup(object: WorkloadObject, { labels, annotations, ports, admission }: ExternalGroup): WorkloadObject {
  const own = Object.entries(object.machineLabels).filter(([key]) => admission.allowedLabels.includes(key));
  return { ...object, labels: { ...labels, ...Object.fromEntries(own) }, annotations, ports };
}

/** The fields in which a workload differs from what its group makes of it. */
export function listGroupFields(object: WorkloadObject, wanted: WorkloadObject): readonly ("labels" | "annotations" | "ports")[] {
  return [
    ...(isSameRecord(object.labels, wanted.labels) ? [] : ["labels" as const]),
    ...(isSameRecord(object.annotations, wanted.annotations) ? [] : ["annotations" as const]),
    ...(isSamePorts(object.ports, wanted.ports) ? [] : ["ports" as const]),
  ];
}

/** True when writing would change nothing that anybody acts on; the machine's facts alone are not worth a write. */
export function isSameObject(a: WorkloadObject, b: WorkloadObject): boolean {
  return (
    a.serverName === b.serverName &&
    a.inboundPort === b.inboundPort &&
    isSameList(a.addresses, b.addresses) &&
    isSameRecord(a.machineLabels, b.machineLabels) &&
    listGroupFields(a, b).length === 0
  );
}

function isSamePorts(a: WorkloadObject["ports"], b: WorkloadObject["ports"]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every(({ name, port, protocol }, index) => name === b[index]?.name && port === b[index].port && protocol === b[index].protocol);
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function isSameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
