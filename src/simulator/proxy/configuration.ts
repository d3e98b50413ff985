import { ipWidth, isLoopback, parseIp, renderIp } from "../../model/settings/ip.ts";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import { MeshError } from "../../model/errors.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { countCertificates } from "../../spiffe/chain.ts";

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
  /** The same for the destination service. */
  readonly context: string;
  readonly inbound: Endpoint;
  readonly outbound: readonly Endpoint[];
  readonly admin: Endpoint;
  readonly defaultPolicy: DefaultPolicy;
  readonly clusterNetworks: readonly string[];
  /** Networks whose addresses the destination service is asked about. */
  readonly profileNetworks: readonly string[];
  /** Addresses that count as this machine; empty for all. */
  readonly inboundIps: readonly string[];
  readonly shutdownEndpoint: boolean;
  /** How long open connections may take to end, milliseconds. */
  readonly shutdownGrace: number;
}

/** A service of the control plane and the TLS name that must answer there. */
export interface ControlAddress extends Endpoint {
  readonly name: string;
}

const policies = ["deny", "audit", "all-authenticated", "all-unauthenticated", "cluster-authenticated", "cluster-unauthenticated"] as const;

/** Whom an inbound port lets in as long as the policy service says nothing. */
export type DefaultPolicy = (typeof policies)[number];

/** The environment, without the prefix that all its names have. */
interface Variables {
  /** Empty counts as missing. */
  readonly need: (name: string) => string;
  readonly read: (name: string) => string | undefined;
}

const prefix = "LINKERD2_PROXY_";

/** Reads the variables of linkerd2-proxy as strictly as it does; throws SMALL_PROXY_ENVIRONMENT or SMALL_PROXY_START naming the first bad one. */
export function parseProxyConfiguration(environment: Readonly<Record<string, string | undefined>>): ProxyConfiguration {
  const read = (name: string): string | undefined => environment[`${prefix}${name}`];
  const need = (name: string): string => read(name) || refuse(name, "it is missing");
  const variables = { read, need };
  const others = { ...parseControl(variables), ...parseListeners(variables), ...parseInboundRules(variables), ...parseShutdown(variables) };
  return { ...parseIdentity(variables), ...others };
}

function parseIdentity({ need }: Variables): Pick<ProxyConfiguration, "identity" | "serverName" | "trustAnchors" | "workloadApi"> {
  const identity = need("IDENTITY_SERVER_ID");
  const trustAnchors = need("IDENTITY_TRUST_ANCHORS");
  if (!identity.startsWith("spiffe://")) refuse("IDENTITY_SERVER_ID", "SPIRE needs a SPIFFE id");
  if (countCertificates(trustAnchors) === 0) {
    // Found later than the rest by linkerd2-proxy, and ended with another code.
    throw new MeshError("SMALL_PROXY_START", { doing: "reading the trust roots", what: "there is no certificate in them; the variable takes PEM text and not a path", target: `${prefix}IDENTITY_TRUST_ANCHORS` });
  }
  return { identity, serverName: need("IDENTITY_SERVER_NAME"), trustAnchors, workloadApi: need("IDENTITY_SPIRE_WORKLOAD_API_ADDRESS") };
}

function parseControl({ need, read }: Variables): Pick<ProxyConfiguration, "destination" | "policy" | "workload" | "context" | "profileNetworks"> {
  return {
    destination: parseControlAddress("DESTINATION", { need, read }),
    policy: parseControlAddress("POLICY", { need, read }),
    // Opaque to the proxy: even an empty one is sent.
    workload: read("POLICY_WORKLOAD") ?? refuse("POLICY_WORKLOAD", "it is missing"),
    context: read("DESTINATION_CONTEXT") ?? "",
    profileNetworks: parseNetworks("DESTINATION_PROFILE_NETWORKS", read("DESTINATION_PROFILE_NETWORKS") ?? ""),
  };
}

function parseListeners({ read }: Variables): Pick<ProxyConfiguration, "inbound" | "outbound" | "admin"> {
  const several = read("OUTBOUND_LISTEN_ADDRS");
  const outbound = several ?? read("OUTBOUND_LISTEN_ADDR") ?? "127.0.0.1:4140";
  const name = several === undefined ? "OUTBOUND_LISTEN_ADDR" : "OUTBOUND_LISTEN_ADDRS";
  const words = several === undefined ? [outbound] : outbound.split(",");
  if (words.length > 2) refuse(name, "it takes one address, or two for both families");
  return {
    inbound: parseListen("INBOUND_LISTEN_ADDR", read("INBOUND_LISTEN_ADDR") ?? "0.0.0.0:4143"),
    outbound: words.map((word) => parseListen(name, word)),
    admin: parseListen("ADMIN_LISTEN_ADDR", read("ADMIN_LISTEN_ADDR") ?? "127.0.0.1:4191"),
  };
}

function parseInboundRules({ read }: Variables): Pick<ProxyConfiguration, "defaultPolicy" | "clusterNetworks" | "inboundIps"> {
  const defaultPolicy = parseChoice("INBOUND_DEFAULT_POLICY", read("INBOUND_DEFAULT_POLICY") ?? "all-unauthenticated", policies);
  const clusterNetworks = parseNetworks("POLICY_CLUSTER_NETWORKS", read("POLICY_CLUSTER_NETWORKS") ?? "");
  const needsNetworks = defaultPolicy === "audit" || defaultPolicy.startsWith("cluster-");
  if (needsNetworks && clusterNetworks.length === 0) refuse("POLICY_CLUSTER_NETWORKS", `it must not be empty with the default policy ${defaultPolicy}`);
  const inboundIps = split(read("INBOUND_IPS") ?? "").map((text) => {
    const ip = parseIp(text);
    return ip === undefined ? refuse("INBOUND_IPS", `'${text}' is not an IP address`) : renderIp(ip);
  });
  return { defaultPolicy, clusterNetworks, inboundIps };
}

function parseShutdown({ read }: Variables): Pick<ProxyConfiguration, "shutdownEndpoint" | "shutdownGrace"> {
  return {
    shutdownEndpoint: parseChoice("SHUTDOWN_ENDPOINT_ENABLED", read("SHUTDOWN_ENDPOINT_ENABLED") ?? "false", ["true", "false"]) === "true",
    shutdownGrace: parseProxyDuration("SHUTDOWN_GRACE_PERIOD", read("SHUTDOWN_GRACE_PERIOD") ?? "2m"),
  };
}

function parseControlAddress(service: "DESTINATION" | "POLICY", { need, read }: Variables): ControlAddress {
  const name = `${service}_SVC_ADDR`;
  const parsed = hostPort.parse(need(name), "linux");
  if (!parsed.ok) return refuse(name, parsed.reason);
  const { host: ip, port } = parsed.value;
  // On a loopback address nobody has to prove a name.
  if (isLoopback(ip) && read(`${service}_SVC_NAME`) === undefined) return { ip, port, name: ip };
  return { ip, port, name: need(`${service}_SVC_NAME`) };
}

function parseListen(name: string, text: string): Endpoint {
  const parsed = hostPort.parse(text, "linux");
  if (!parsed.ok) return refuse(name, parsed.reason);
  const { host, port } = parsed.value;
  return parseIp(host) === undefined ? refuse(name, "it takes IP:PORT, not a name") : { ip: host, port };
}

/** CIDR lists as linkerd2-proxy reads them: bits after the prefix do no harm, a bare address is no network. */
function parseNetworks(name: string, text: string): readonly string[] {
  return split(text).map((one) => {
    const [base = "", length = "", ...rest] = one.split("/");
    const ip = parseIp(base);
    const fits = ip !== undefined && /^\d{1,3}$/.test(length) && Number(length) <= ipWidth(ip.family) && rest.length === 0;
    return fits ? `${renderIp(ip)}/${Number(length)}` : refuse(name, `'${one}' is not a network in CIDR form`);
  });
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** One number with one unit, other than the durations of our own settings. */
function parseProxyDuration(name: string, text: string): number {
  if (text === "0") return 0;
  const { count = "", unit = "" } = /^(?<count>\d+)(?<unit>ms|s|m|h|d)$/.exec(text)?.groups ?? {};
  const milliseconds = Number(count) * (units[unit] ?? Number.NaN);
  return Number.isSafeInteger(milliseconds) ? milliseconds : refuse(name, "it takes one number with one unit: 500ms, 20s, 2m, 1h, 1d");
}

function parseChoice<T extends string>(name: string, text: string, choices: readonly T[]): T {
  return choices.find((choice) => choice === text) ?? refuse(name, `it is none of ${choices.join(", ")}`);
}

function split(text: string): readonly string[] {
  return text.split(",").map((word) => word.trim()).filter((word) => word !== "");
}

function refuse(name: string, why: string): never {
  throw new MeshError("SMALL_PROXY_ENVIRONMENT", { doing: "reading the proxy's environment", what: `Invalid configuration: ${prefix}${name}: ${why}`, target: `${prefix}${name}` });
}
