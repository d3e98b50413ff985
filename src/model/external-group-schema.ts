import { z } from "zod";
import { inboundPortName } from "./external-workload.ts";
import { leaseDefaults, ownDomain } from "./external-group.ts";
import type { Kind, Parsed } from "./settings/kind.ts";
import { parseNetwork } from "./settings/kinds/addresses.ts";
import { isLabelKey, isLabelValue } from "./settings/kinds/labels.ts";
import { spiffeIdPatterns } from "./settings/kinds/spiffe-id.ts";
import { settingsTable } from "./settings/table.ts";

/** Our own API group and version. */
export const groupApiVersion = `${ownDomain}/v1alpha1`;

/** Buoyant's API group and version, whose manifests are read as they stand. */
export const buoyantGroupApiVersion = "workload.buoyant.io/v1alpha1";

const port = z.int().min(1).max(65_535);
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u, "is not a DNS label");
const seconds = (least: number): z.ZodInt => z.int().min(least).max(86_400);

const httpGet = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  path: z.string().startsWith("/").default("/"),
  port,
  scheme: z.enum(["HTTP", "HTTPS"]).default("HTTP"),
  httpHeaders: z.array(z.strictObject({ name: z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/u, "is no header name"), value: z.string().regex(/^[\t\x20-\x7e]*$/u, "is no header value") })).default([]),
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
  .refine((value) => [value.httpGet, value.tcpSocket, value.grpc, value.exec].filter((action) => action !== undefined).length === 1, "needs exactly one of httpGet, tcpSocket, grpc and exec");

const network = z.string().transform((text, context) => settle(parseNetwork(text), context));
const identity = z.string().transform((text, context) => settle(parseIdentity(text), context));

const labelKey = z
  .string()
  .refine(isLabelKey, "is no label key")
  .refine((key) => !isOurs(key), `belongs to ${ownDomain}, which the server writes itself`);

const registration = z
  .strictObject({
    identities: z.array(identity).optional(),
    allowedCIDRs: z.array(network).default([]),
    allowedLabels: z.array(labelKey).default([]),
    maxWorkloads: z.int().min(1).optional(),
    renewSeconds: seconds(5).default(leaseDefaults.renewInterval / 1000),
    leaseSeconds: seconds(15).default(leaseDefaults.duration / 1000),
    deregisterAfterSeconds: seconds(60).or(z.literal(0)).default(leaseDefaults.deregisterAfter / 1000),
    drainSeconds: seconds(10).default(leaseDefaults.drain / 1000),
    onDeregister: z.enum(["Delete", "KeepNotReady"]).default("Delete"),
  })
  .refine(({ leaseSeconds, renewSeconds }) => leaseSeconds >= 2 * renewSeconds, {
    path: ["leaseSeconds"],
    message: "is shorter than two renewals, so one lost call would expire a living machine",
  });

// What a machine's own setting takes, a group may say for it, by the same rule.
const proxy = z.strictObject({
  clusterDomain: kindText(settingsTable.clusterDomain.kind).optional(),
  destinationAddr: kindText(settingsTable.destinationSvcAddr.kind).optional(),
  destinationName: kindText(settingsTable.destinationSvcName.kind).optional(),
  policyAddr: kindText(settingsTable.policySvcAddr.kind).optional(),
  policyName: kindText(settingsTable.policySvcName.kind).optional(),
  clusterNetworks: kindText(settingsTable.clusterNetworks.kind).optional(),
  defaultInboundPolicy: kindText(settingsTable.defaultInboundPolicy.kind).optional(),
});

const portName = z
  .string()
  .regex(/^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/u, "is no port name: 1 to 15 small letters, digits and single dashes, with a letter")
  .refine((name) => name !== inboundPortName, "is taken: Linkerd looks for the proxy's own port under it");

const ports = z
  .array(z.strictObject({ name: portName, port, protocol: z.enum(["TCP", "UDP"]).default("TCP") }))
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "names a port twice");

const template = z.strictObject({
  metadata: z
    .strictObject({
      labels: z.record(labelKey, z.string().refine(isLabelValue, "is no label value")).default({}),
      annotations: z.record(labelKey, z.string()).default({}),
    })
    .prefault({}),
  ports: ports.default([]),
});

/** What an ExternalGroup manifest may say, with every default filled in. */
export const groupManifestSchema = z.object({
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
});

/** A manifest that keeps to the schema. */
export type GroupManifest = z.infer<typeof groupManifestSchema>;

function isOurs(key: string): boolean {
  const [domain, name] = key.split("/");
  return name !== undefined && (domain === ownDomain || domain?.endsWith(`.${ownDomain}`) === true);
}

function parseIdentity(text: string): Parsed<string> {
  const parsed = spiffeIdPatterns.parse(text, "linux");
  if (!parsed.ok) return parsed;
  const [only, ...more] = parsed.value;
  return only !== undefined && more.length === 0 ? { ok: true, value: only } : { ok: false, reason: "is not one SPIFFE ID" };
}

function kindText<T>(kind: Kind<T>): z.ZodType<string> {
  return z.string().transform((text, context): string => {
    const parsed = kind.parse(text, "linux");
    return settle(parsed.ok ? { ok: true, value: kind.format(parsed.value) } : parsed, context);
  });
}

function settle<T>(parsed: Parsed<T>, context: z.RefinementCtx<string>): T {
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: "custom", message: parsed.reason });
  return z.NEVER;
}
