import type { ExternalGroup, GroupProbe, LeaseTimes, ProbeAction } from "./external-group.ts";
import { groupManifestSchema, type GroupManifest } from "./external-group-schema.ts";

/** A manifest that was understood, or every reason why it was not, each with the path of the field. */
export type ParsedGroup = { readonly ok: true; readonly group: ExternalGroup } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads one ExternalGroup object, of our API group or of Buoyant's, as YAML or JSON gave it. */
export function parseGroupManifest(manifest: unknown): ParsedGroup {
  const parsed = groupManifestSchema.safeParse(manifest);
  if (parsed.success) return { ok: true, group: readGroup(parsed.data) };
  return { ok: false, problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the object"}: ${issue.message}`) };
}

type ManifestProbe = GroupManifest["spec"]["probes"][number];
type ManifestRegistration = GroupManifest["spec"]["registration"];

function readGroup({ metadata, spec }: GroupManifest): ExternalGroup {
  const { identities, allowedCIDRs, allowedLabels, maxWorkloads, onDeregister } = spec.registration;
  return {
    key: { namespace: metadata.namespace, name: metadata.name },
    admission: { identities, allowedCidrs: allowedCIDRs, allowedLabels, maxWorkloads },
    lease: readLease(spec.registration),
    onDeregister,
    probe: spec.probes[0] && readProbe(spec.probes[0]),
    labels: spec.template.metadata.labels,
    annotations: spec.template.metadata.annotations,
    ports: spec.template.ports,
    // Values that are absent stay absent, whatever zod made of them.
    proxy: Object.fromEntries(Object.entries(spec.proxy).filter(([, value]) => value !== undefined)),
  };
}

function readLease(spec: ManifestRegistration): LeaseTimes {
  return {
    renewInterval: spec.renewSeconds * 1000,
    duration: spec.leaseSeconds * 1000,
    deregisterAfter: spec.deregisterAfterSeconds * 1000,
    drain: spec.drainSeconds * 1000,
  };
}

function readProbe(spec: ManifestProbe): GroupProbe | undefined {
  const action = readAction(spec);
  if (action === undefined) return undefined;
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = spec;
  return { action, initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold };
}

function readAction(spec: ManifestProbe): ProbeAction | undefined {
  if (spec.httpGet !== undefined) {
    const { httpHeaders, ...rest } = spec.httpGet;
    return { kind: "httpGet", ...rest, headers: Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value])) };
  }
  if (spec.tcpSocket !== undefined) return { kind: "tcpSocket", ...spec.tcpSocket };
  if (spec.grpc !== undefined) return { kind: "grpc", ...spec.grpc };
  return spec.exec && { kind: "exec", ...spec.exec };
}
