import type { ExternalGroup, GroupProbe } from "../model/external-group.ts";
import { groupApiVersion } from "../model/external-group-schema.ts";
import { renderNetwork } from "../model/settings/kinds/addresses.ts";
import { renderYaml } from "./render-yaml.ts";
import type { Manifest } from "./workload-manifests.ts";

/** The group as an object of our API group, with every value that holds, defaults too. */
export function renderGroupManifest(group: ExternalGroup): Manifest {
  return {
    apiVersion: groupApiVersion,
    kind: "ExternalGroup",
    metadata: { name: group.key.name, namespace: group.key.namespace },
    spec: {
      registration: renderRegistration(group),
      ...(group.probe && { probes: [renderProbe(group.probe)] }),
      ...(Object.keys(group.proxy).length > 0 && { proxy: group.proxy }),
      template: {
        metadata: { labels: group.labels, ...(Object.keys(group.annotations).length > 0 && { annotations: group.annotations }) },
        ports: group.ports,
      },
    },
  };
}

/** Groups as one YAML stream; comments say what an absent list of identities means. */
export function renderGroupStream(manifests: readonly Manifest[]): string {
  return manifests.map((manifest) => [...comment(manifest), renderYaml(manifest)].join("\n")).join("---\n");
}

function comment({ metadata, spec }: Manifest): readonly string[] {
  const head = `# Machines join it with WORKLOAD_GROUP_NAMESPACE=${metadata.namespace} and WORKLOAD_GROUP_NAME=${metadata.name}.`;
  const { registration } = spec;
  const named = typeof registration === "object" && registration !== null && "identities" in registration;
  return named ? [head] : [head, "# It names no identities: whom the service's DEFAULT_GROUP_IDENTITIES names may join, by default nobody."];
}

function renderRegistration({ admission, lease, onDeregister }: ExternalGroup): Readonly<Record<string, unknown>> {
  const { identities, allowedCidrs, allowedLabels, maxWorkloads } = admission;
  return {
    ...(identities !== undefined && { identities }),
    allowedCIDRs: allowedCidrs.map(renderNetwork),
    allowedLabels,
    ...(maxWorkloads !== undefined && { maxWorkloads }),
    renewSeconds: lease.renewInterval / 1000,
    leaseSeconds: lease.duration / 1000,
    deregisterAfterSeconds: lease.deregisterAfter / 1000,
    drainSeconds: lease.drain / 1000,
    onDeregister,
  };
}

function renderProbe({ action, ...times }: GroupProbe): Readonly<Record<string, unknown>> {
  const { kind, ...how } = action;
  if (action.kind !== "httpGet") return { [kind]: how, ...times };
  const { host, port, path, scheme, headers } = action;
  const httpHeaders = Object.entries(headers).map(([name, value]) => ({ name, value }));
  return { httpGet: { scheme, host, port, path, ...(httpHeaders.length > 0 && { httpHeaders }) }, ...times };
}
