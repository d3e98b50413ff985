import { parse } from "yaml";
import { z } from "zod";
import { MeshError } from "../model/errors.ts";
import { hostPort } from "../model/settings/kinds/host-port.ts";
import type { MeshedEndpoint } from "../linkerd/outbound-policy.ts";
import type { Cluster } from "./cluster.ts";
import { meshNamespace, meshPorts } from "./names.ts";

const endpointAddress = z.string().transform((text, context) => {
  const parsed = hostPort.parse(text, "linux");
  if (parsed.ok) return { ip: parsed.value.host, port: parsed.value.port };
  context.issues.push({ code: "custom", input: text, message: `'${text}' is no address and port: ${parsed.reason}` });
  return z.NEVER;
});

const endpointSchema = z.strictObject({
  address: endpointAddress,
  /** SPIFFE id or DNS-like name that its certificate carries. */
  identity: z.string().min(1),
  /** TLS name; the identity when it is left out, which a SPIFFE id cannot be. */
  serverName: z.string().min(1).optional(),
  proxyPort: z.int().min(1).max(65_535).default(meshPorts.peerProxy),
  http2: z.boolean().default(true),
}).refine(({ identity, serverName }) => serverName !== undefined || !identity.includes("/"), "an endpoint with a SPIFFE id needs a serverName");

const namespace = z.string().min(1).default(meshNamespace);

const clusterSchema = z.strictObject({
  services: z.array(z.strictObject({
    name: z.string().min(1), namespace, address: endpointAddress,
    /** The built-in echo service when they are left out; an empty list is a Service without endpoints. */
    endpoints: z.array(endpointSchema).optional(),
  })).default([]),
  workloads: z.array(z.strictObject({
    name: z.string().min(1), namespace, address: z.string().min(1),
    /** Who may connect to which port: all, mesh, or a list of identities. */
    access: z.record(z.string().regex(/^\d+$/u), z.union([z.enum(["all", "mesh"]), z.array(z.string())])).default({}),
  })).default([]),
});

/** Services and workloads that a file adds to the built-in cluster. */
export type MoreOfCluster = z.infer<typeof clusterSchema>;

/** Reads the text of a cluster file; SIMULATOR_CLUSTER with every problem when it is not one. */
export function parseClusterFile(text: string, path: string): MoreOfCluster {
  const parsed = clusterSchema.safeParse(parseYaml(text, path) ?? {});
  if (parsed.success) return parsed.data;
  throw refuse(path, parsed.error.issues.map(({ path: at, message }) => `${at.join(".") || "the file"}: ${message}`).join("; "));
}

/** The cluster with what a file adds; Services that name no endpoints get the echo service. */
export function joinCluster(cluster: Cluster, more: MoreOfCluster | undefined, echo: MeshedEndpoint): Cluster {
  if (more === undefined) return cluster;
  const services = more.services.map(({ endpoints, ...service }) => ({ ...service, endpoints: endpoints?.map(toMeshed) ?? [echo] }));
  const workloads = more.workloads.map(({ access, ...workload }) => ({ ...workload, access: new Map(Object.entries(access).map(([port, who]) => [Number(port), who] as const)) }));
  return { ...cluster, services: [...cluster.services, ...services], workloads: [...cluster.workloads, ...workloads] };
}

function toMeshed({ address, identity, serverName = identity, proxyPort, http2 }: z.infer<typeof endpointSchema>): MeshedEndpoint {
  return { ...address, identity, serverName, inboundPort: proxyPort, http2 };
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw refuse(path, error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
}

function refuse(path: string, what: string): MeshError {
  return new MeshError("SIMULATOR_CLUSTER", { doing: `reading ${path}`, what, target: path });
}
