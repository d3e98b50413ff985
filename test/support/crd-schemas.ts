import { z } from "zod";

// The rules of Linkerd's CRDs and of Kubernetes, written again from their published schemas, so that the generator is
// not judged by itself. Strict: a field that the CRD does not know is pruned by the API server without a word.
const label = z.string().max(63).regex(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/u);
const metadata = z.strictObject({
  name: z.string().min(1).max(253).regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/u),
  namespace: z.string().max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/u),
  labels: z.record(z.string().min(1), label).optional(),
  annotations: z.record(z.string().regex(/^([a-z0-9][-a-z0-9.]*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/u), z.string()).optional(),
});
const port = z.int().min(1).max(65_535);
const portName = z.string().min(1).max(15).regex(/^[a-z0-9-]*[a-z][a-z0-9-]*$/u);

const externalWorkload = z.strictObject({
  apiVersion: z.literal("workload.linkerd.io/v1beta1"),
  kind: z.literal("ExternalWorkload"),
  metadata,
  spec: z.strictObject({
    meshTLS: z.strictObject({ identity: z.string().min(1).max(253), serverName: z.string().min(1).max(253) }),
    workloadIPs: z.array(z.strictObject({ ip: z.union([z.ipv4(), z.ipv6()]) })).min(1).max(2),
    ports: z.array(z.strictObject({ port, name: portName, protocol: z.enum(["TCP", "UDP", "SCTP"]) })),
  }),
});

const service = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Service"),
  metadata,
  spec: z.strictObject({
    type: z.literal("ClusterIP"),
    selector: z.record(z.string(), label).refine((selector) => Object.keys(selector).length > 0, "a Service without selector selects nothing"),
    ports: z.array(z.strictObject({ name: portName, port, targetPort: portName, protocol: z.literal("TCP") })).min(1),
  }),
});

const server = z.strictObject({
  apiVersion: z.literal("policy.linkerd.io/v1beta3"),
  kind: z.literal("Server"),
  metadata,
  spec: z.strictObject({
    externalWorkloadSelector: z.strictObject({ matchLabels: z.record(z.string(), label) }),
    port: z.union([port, portName]),
    accessPolicy: z.enum(["deny", "audit", "all-authenticated", "all-unauthenticated", "cluster-authenticated", "cluster-unauthenticated"]),
  }),
});

const reference = z.strictObject({ group: z.string(), kind: z.string(), name: z.string() });
const authorizationPolicy = z.strictObject({
  apiVersion: z.literal("policy.linkerd.io/v1alpha1"),
  kind: z.literal("AuthorizationPolicy"),
  metadata,
  spec: z.strictObject({ targetRef: reference, requiredAuthenticationRefs: z.array(reference).min(1) }),
});

const meshTlsAuthentication = z.strictObject({
  apiVersion: z.literal("policy.linkerd.io/v1alpha1"),
  kind: z.literal("MeshTLSAuthentication"),
  metadata,
  spec: z.strictObject({ identities: z.array(z.string().regex(/^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*|(\*\.).+|spiffe:\/\/.+)$/u)).min(1) }),
});

/** Schema of every kind of object that the workload manifests may hold. */
export const crdSchema = z.discriminatedUnion("kind", [externalWorkload, service, server, authorizationPolicy, meshTlsAuthentication]);

/** Schema of an ExternalWorkload's status subresource. */
export const externalWorkloadStatusSchema = z.strictObject({
  conditions: z.array(
    z.strictObject({
      type: z.literal("Ready"),
      status: z.enum(["True", "False", "Unknown"]),
      reason: z.string().min(1).max(1024).regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/u),
      message: z.string().max(32_768),
      lastTransitionTime: z.iso.datetime(),
    }),
  ),
});
