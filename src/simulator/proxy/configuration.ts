import { MeshError } from "../../model/errors.ts";
import { duration } from "../../model/settings/kinds/duration.ts";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import { networks, renderNetwork } from "../../model/settings/kinds/addresses.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";

/** What our small proxy takes from the environment of linkerd2-proxy. */
export interface ProxyConfiguration {
  readonly identity: string;
  readonly serverName: string;
  readonly trustAnchors: string;
  readonly workloadApi: string;
  readonly destination: ControlAddress;
  readonly policy: ControlAddress;
  /** Token by which the policy service knows the workload. */
  readonly workload: string;
  readonly inbound: Endpoint;
  readonly outbound: readonly Endpoint[];
  readonly admin: Endpoint;
  readonly defaultPolicy: string;
  readonly clusterNetworks: readonly string[];
  /** Addresses that count as this machine; empty for all. */
  readonly inboundIps: readonly string[];
  readonly shutdownEndpoint: boolean;
  readonly shutdownGrace: number;
}

/** A service of the control plane and the TLS name that must answer there. */
export interface ControlAddress extends Endpoint {
  readonly name: string;
}

const prefix = "LINKERD2_PROXY_";
type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the variables of linkerd2-proxy as strictly as it does; throws SIMULATOR_FAILED naming the first bad one. */
export function parseProxyConfiguration(environment: Environment): ProxyConfiguration {
  const read = (name: string): string | undefined => environment[`${prefix}${name}`];
  const need = (name: string): string => read(name) ?? refuse(name, "it is missing");
  return {
    identity: parseIdentity(need("IDENTITY_SERVER_ID")),
    serverName: need("IDENTITY_SERVER_NAME"),
    trustAnchors: need("IDENTITY_TRUST_ANCHORS"),
    workloadApi: need("IDENTITY_SPIRE_WORKLOAD_API_ADDRESS"),
    destination: { ...parseEndpoint("DESTINATION_SVC_ADDR", need("DESTINATION_SVC_ADDR")), name: need("DESTINATION_SVC_NAME") },
    policy: { ...parseEndpoint("POLICY_SVC_ADDR", need("POLICY_SVC_ADDR")), name: need("POLICY_SVC_NAME") },
    workload: need("POLICY_WORKLOAD"),
    inbound: parseEndpoint("INBOUND_LISTEN_ADDR", read("INBOUND_LISTEN_ADDR") ?? "0.0.0.0:4143"),
    outbound: (read("OUTBOUND_LISTEN_ADDRS") ?? "127.0.0.1:4140").split(",").map((one) => parseEndpoint("OUTBOUND_LISTEN_ADDRS", one)),
    admin: parseEndpoint("ADMIN_LISTEN_ADDR", read("ADMIN_LISTEN_ADDR") ?? "127.0.0.1:4191"),
    defaultPolicy: parseChoice("INBOUND_DEFAULT_POLICY", read("INBOUND_DEFAULT_POLICY") ?? "all-unauthenticated", policies),
    clusterNetworks: parseNetworks("POLICY_CLUSTER_NETWORKS", read("POLICY_CLUSTER_NETWORKS") ?? ""),
    inboundIps: (read("INBOUND_IPS") ?? "").split(",").filter((ip) => ip !== ""),
    shutdownEndpoint: parseChoice("SHUTDOWN_ENDPOINT_ENABLED", read("SHUTDOWN_ENDPOINT_ENABLED") ?? "false", ["true", "false"]) === "true",
    shutdownGrace: parseDuration("SHUTDOWN_GRACE_PERIOD", read("SHUTDOWN_GRACE_PERIOD") ?? "2m"),
  };
}

const policies = ["deny", "audit", "all-authenticated", "all-unauthenticated", "cluster-authenticated", "cluster-unauthenticated"];

function parseIdentity(text: string): string {
  return text.startsWith("spiffe://") ? text : refuse("IDENTITY_SERVER_ID", "SPIRE needs a SPIFFE id");
}

function parseEndpoint(name: string, text: string): Endpoint {
  const parsed = hostPort.parse(text, "linux");
  return parsed.ok ? { ip: parsed.value.host, port: parsed.value.port } : refuse(name, parsed.reason);
}

function parseNetworks(name: string, text: string): readonly string[] {
  const parsed = networks.parse(text, "linux");
  return parsed.ok ? parsed.value.map(renderNetwork) : refuse(name, parsed.reason);
}

function parseDuration(name: string, text: string): number {
  const parsed = duration.parse(text, "linux");
  return parsed.ok ? parsed.value : refuse(name, parsed.reason);
}

function parseChoice(name: string, text: string, choices: readonly string[]): string {
  return choices.includes(text) ? text : refuse(name, `it is none of ${choices.join(", ")}`);
}

function refuse(name: string, what: string): never {
  throw new MeshError("SIMULATOR_FAILED", { doing: "reading the proxy's environment", what: `${prefix}${name}: ${what}`, target: `${prefix}${name}` });
}
