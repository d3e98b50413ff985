import { z } from "zod";
import { leaseDefaults, type ExternalGroup, type GroupAdmission, type GroupProbe, type GroupProxyConfig, type LeaseTimes, type ProbeAction } from "./external-group.ts";
import { parseNetwork } from "./settings/kinds/addresses.ts";
import { spiffeIdPatterns } from "./settings/kinds/spiffe-id.ts";
import type { Network } from "./settings/values.ts";

/** Our own API group and version. */
export const groupApiVersion = "registration.linkerd-mesh.io/v1alpha1";

/** Buoyant's API group and version, whose manifests are read as they stand. */
export const buoyantGroupApiVersion = "workload.buoyant.io/v1alpha1";

/** A manifest that was understood, or every reason why it was not, each with the path of the field. */
export type ParsedGroup = { readonly ok: true; readonly group: ExternalGroup } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads one ExternalGroup object, of our API group or of Buoyant's, as YAML or JSON gave it. */
export function parseGroupManifest(manifest: unknown): ParsedGroup {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return { ok: true, group: readGroup(parsed.data) };
  return { ok: false, problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the object"}: ${issue.message}`) };
}

const port = z.int().min(1).max(65_535);
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u, "is not a DNS label");
const seconds = (least: number): z.ZodInt => z.int().min(least).max(86_400);

const httpGet = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  path: z.string().startsWith("/").default("/"),
  port,
  scheme: z.enum(["HTTP", "HTTPS"]).default("HTTP"),
  httpHeaders: z.array(z.strictObject({ name: z.string().min(1), value: z.string() })).default([]),
});

const probe = z
  .strictObject({
    httpGet: httpGet.optional(),
    tcpSocket: z.strictObject({ host: z.string().min(1).default("127.0.0.1"), port }).optional(),
    grpc: z.strictObject({ port, service: z.string().default("") }).optional(),
    exec: z.strictObject({ command: z.array(z.string().min(1)).min(1) }).optional(),
    initialDelaySeconds: seconds(0).default(0),
    periodSeconds: seconds(1).default(10),
    timeoutSeconds: seconds(1).default(1),
    successThreshold: z.int().min(1).max(1000).default(1),
    failureThreshold: z.int().min(1).max(1000).default(3),
  })
  .refine((value) => actionsOf(value).length === 1, "needs exactly one of httpGet, tcpSocket, grpc and exec");

const network = z.string().transform((text, context): Network => {
  const parsed = parseNetwork(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: "custom", message: parsed.reason });
  return z.NEVER;
});

const identity = z.string().transform((text, context): string => {
  const parsed = spiffeIdPatterns.parse(text, "linux");
  const [only, ...more] = parsed.ok ? parsed.value : [];
  if (only !== undefined && more.length === 0) return only;
  context.addIssue({ code: "custom", message: parsed.ok ? "is not one SPIFFE ID" : parsed.reason });
  return z.NEVER;
});

const registration = z.strictObject({
  identities: z.array(identity).optional(),
  allowedCIDRs: z.array(network).default([]),
  allowedLabels: z.array(z.string().min(1)).default([]),
  maxWorkloads: z.int().min(1).optional(),
  renewSeconds: seconds(5).default(leaseDefaults.renewInterval / 1000),
  leaseSeconds: seconds(15).default(leaseDefaults.duration / 1000),
  deregisterAfterSeconds: seconds(60).or(z.literal(0)).default(leaseDefaults.deregisterAfter / 1000),
  drainSeconds: seconds(10).default(leaseDefaults.drain / 1000),
  onDeregister: z.enum(["Delete", "KeepNotReady"]).default("Delete"),
});

const proxy = z.strictObject({
  clusterDomain: z.string().optional(),
  destinationAddr: z.string().optional(),
  destinationName: z.string().optional(),
  policyAddr: z.string().optional(),
  policyName: z.string().optional(),
  clusterNetworks: z.string().optional(),
  defaultInboundPolicy: z.string().optional(),
});

const template = z.strictObject({
  metadata: z.strictObject({ labels: z.record(z.string(), z.string()).default({}), annotations: z.record(z.string(), z.string()).default({}) }).prefault({}),
  ports: z.array(z.strictObject({ name: z.string().regex(/^(?=.*[a-z])[a-z0-9-]{1,15}$/u, "is no port name"), port, protocol: z.enum(["TCP", "UDP"]).default("TCP") })).default([]),
});

const manifestSchema = z
  .object({
    apiVersion: z.enum([groupApiVersion, buoyantGroupApiVersion]),
    kind: z.literal("ExternalGroup"),
    // Kubernetes adds fields of its own to metadata (uid, resourceVersion, managedFields).
    metadata: z.object({ name: dnsLabel, namespace: dnsLabel }),
    spec: z.strictObject({
      probes: z.array(probe).max(1).default([]),
      registration: registration.prefault({}),
      proxy: proxy.prefault({}),
      template: template.prefault({}),
    }),
  })
  .refine(({ spec }) => spec.registration.leaseSeconds >= 2 * spec.registration.renewSeconds, {
    path: ["spec", "registration", "leaseSeconds"],
    message: "is shorter than two renewals, so one lost call would expire a living machine",
  });

type Manifest = z.infer<typeof manifestSchema>;
type ManifestProbe = z.infer<typeof probe>;

function readGroup({ metadata, spec }: Manifest): ExternalGroup {
  return {
    key: { namespace: metadata.namespace, name: metadata.name },
    admission: readAdmission(spec.registration),
    lease: readLease(spec.registration),
    onDeregister: spec.registration.onDeregister,
    probe: spec.probes[0] && readProbe(spec.probes[0]),
    labels: spec.template.metadata.labels,
    annotations: spec.template.metadata.annotations,
    ports: spec.template.ports,
    // Values that are absent stay absent, whatever zod made of them.
    proxy: Object.fromEntries(Object.entries(spec.proxy).filter(([, value]) => value !== undefined)) as GroupProxyConfig,
  };
}

function readAdmission(spec: z.infer<typeof registration>): GroupAdmission {
  return { identities: spec.identities, allowedCidrs: spec.allowedCIDRs, allowedLabels: spec.allowedLabels, maxWorkloads: spec.maxWorkloads };
}

function readLease(spec: z.infer<typeof registration>): LeaseTimes {
  return {
    renewInterval: spec.renewSeconds * 1000,
    duration: spec.leaseSeconds * 1000,
    deregisterAfter: spec.deregisterAfterSeconds * 1000,
    drain: spec.drainSeconds * 1000,
  };
}

function readProbe(spec: ManifestProbe): GroupProbe | undefined {
  const [action] = actionsOf(spec);
  if (action === undefined) return undefined;
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = spec;
  return { action, initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold };
}

function actionsOf(spec: Pick<ManifestProbe, "httpGet" | "tcpSocket" | "grpc" | "exec">): readonly ProbeAction[] {
  const actions: ProbeAction[] = [];
  if (spec.httpGet !== undefined) {
    const { httpHeaders, ...rest } = spec.httpGet;
    actions.push({ kind: "httpGet", ...rest, headers: Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value])) });
  }
  if (spec.tcpSocket !== undefined) actions.push({ kind: "tcpSocket", ...spec.tcpSocket });
  if (spec.grpc !== undefined) actions.push({ kind: "grpc", ...spec.grpc });
  if (spec.exec !== undefined) actions.push({ kind: "exec", ...spec.exec });
  return actions;
}
