import type { Os } from "./settings/kind.ts";
import { duration } from "./settings/kinds/duration.ts";
import { renderNetwork } from "./settings/kinds/addresses.ts";
import { hostPort } from "./settings/kinds/host-port.ts";
import { portSet } from "./settings/kinds/ports.ts";
import type { Settings } from "./settings/settings.ts";

/** What the proxy's environment is made of. */
export interface ProxyFacts {
  readonly settings: Settings;
  readonly os: Os;
  readonly hostname: string;
  readonly workload: { readonly name: string; readonly namespace: string; readonly identity: string; readonly serverName: string };
  /** Trust anchors as PEM: SPIRE's bundle and those of TRUST_ANCHORS_FILE. The proxy reads them at its start only. */
  readonly trustAnchors: string;
  /** The Workload API as the proxy wants it: a bare pipe path on Windows, `unix:` elsewhere. */
  readonly workloadApi: string;
  /** Families in which this machine has a loopback address; without IPv6 a listener there would end the proxy. */
  readonly families: readonly (4 | 6)[];
  /** Our own environment, for the few variables that any program needs. */
  readonly inherited: Readonly<Record<string, string>>;
}

/** A variable of linkerd2-proxy, without its prefix. */
interface Row {
  readonly name: string;
  readonly why: string;
  readonly value: (facts: ProxyFacts) => string | undefined;
}

/** Every variable that the harness gives to linkerd2-proxy; names and syntax as its own sources read them. */
const rows: readonly Row[] = [
  { name: "IDENTITY_SPIRE_WORKLOAD_API_ADDRESS", why: "where the proxy fetches its own certificate", value: ({ workloadApi }) => workloadApi },
  { name: "IDENTITY_SERVER_ID", why: "the SVID it takes among those offered", value: ({ workload }) => workload.identity },
  { name: "IDENTITY_SERVER_NAME", why: "the TLS server name it terminates", value: ({ workload }) => workload.serverName },
  { name: "IDENTITY_TRUST_ANCHORS", why: "whom it believes; it ignores the bundle that SPIRE sends", value: ({ trustAnchors }) => trustAnchors },
  { name: "DESTINATION_SVC_ADDR", why: "where it discovers endpoints", value: ({ settings }) => hostPort.format(settings.destinationSvcAddr) },
  { name: "DESTINATION_SVC_NAME", why: "whom it expects there", value: ({ settings }) => settings.destinationSvcName },
  { name: "DESTINATION_CONTEXT", why: "tells discovery on whose behalf it asks", value: ({ workload, hostname }) => JSON.stringify({ ns: workload.namespace, nodeName: hostname, external_workload: workload.name }) },
  { name: "DESTINATION_PROFILE_NETWORKS", why: "without it connections to pod addresses are forwarded in plaintext", value: clusterNetworks },
  { name: "DESTINATION_PROFILE_SUFFIXES", why: "follows the cluster's domain", value: ({ settings }) => `svc.${settings.clusterDomain}.` },
  { name: "POLICY_SVC_ADDR", why: "where it learns policies", value: ({ settings }) => hostPort.format(settings.policySvcAddr) },
  { name: "POLICY_SVC_NAME", why: "whom it expects there", value: ({ settings }) => settings.policySvcName },
  { name: "POLICY_WORKLOAD", why: "whose policies apply", value: ({ workload }) => JSON.stringify({ ns: workload.namespace, external_workload: workload.name }) },
  { name: "POLICY_CLUSTER_NETWORKS", why: "what cluster-… policies call the cluster", value: clusterNetworks },
  { name: "INBOUND_LISTEN_ADDR", why: "peers reach it on every address", value: ({ settings }) => `${inboundHost(settings)}:${settings.proxyInboundPort}` },
  { name: "OUTBOUND_LISTEN_ADDRS", why: "captured connections of every family", value: ({ settings, families }) => families.map((family) => `${family === 4 ? "127.0.0.1" : "[::1]"}:${settings.proxyOutboundPort}`).join(",") },
  { name: "ADMIN_LISTEN_ADDR", why: "health, metrics and shutdown", value: ({ settings }) => hostPort.format({ host: settings.proxyAdminAddress, port: settings.proxyAdminPort }) },
  { name: "INBOUND_IPS", why: "what counts as this machine", value: ({ settings }) => [settings.inboundNetworkAddress?.v4, settings.inboundNetworkAddress?.v6].filter((ip) => ip !== undefined).join(",") },
  { name: "INBOUND_DEFAULT_POLICY", why: "holds until, and where, the policy service says nothing", value: ({ settings }) => settings.defaultInboundPolicy },
  { name: "INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION", why: "protocols in which the server speaks first", value: ({ settings }) => portSet.format(settings.inboundOpaquePorts) },
  { name: "INBOUND_ACCEPT_KEEPALIVE", why: "finds dead peers, as Linkerd's chart does", value: () => "10000ms" },
  { name: "OUTBOUND_CONNECT_KEEPALIVE", why: "finds dead peers, as Linkerd's chart does", value: () => "10000ms" },
  { name: "CONTROL_STREAM_INITIAL_TIMEOUT", why: "a control plane that does not answer is left for another, as Linkerd's chart does", value: () => "3s" },
  { name: "CONTROL_STREAM_IDLE_TIMEOUT", why: "as Linkerd's chart does", value: () => "5m" },
  { name: "CONTROL_STREAM_LIFETIME", why: "spreads proxies over control-plane replicas, as Linkerd's chart does", value: () => "1h" },
  { name: "SHUTDOWN_ENDPOINT_ENABLED", why: "the one way to stop it that works on every system", value: () => "true" },
  { name: "SHUTDOWN_GRACE_PERIOD", why: "connections may finish within our own stop budget", value: ({ settings }) => duration.format(settings.shutdownGrace) },
  { name: "LOG", why: "what it logs", value: ({ settings }) => settings.proxyLog },
  { name: "LOG_FORMAT", why: "lines that we can read and carry into our own log", value: () => "json" },
];

const inheritedNames: Readonly<Record<Os, readonly string[]>> = {
  linux: ["PATH", "TZ"],
  // Without SystemRoot the proxy's resolver cannot find the hosts file and panics.
  win32: ["SystemRoot", "PATH", "TEMP", "TMP"],
};

/** The whole environment of linkerd2-proxy. */
export function renderProxyEnvironment(facts: ProxyFacts): Readonly<Record<string, string>> {
  const own = rows.map(({ name, value }): [string, string | undefined] => [`LINKERD2_PROXY_${name}`, value(facts)]);
  return { ...renderInherited(facts.os, facts.inherited), ...Object.fromEntries(own.filter(isSet)) };
}

/** The few variables of our own environment that any program needs: nothing of ours, which may be secret. */
export function renderInherited(os: Os, inherited: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(inheritedNames[os].map((name): [string, string | undefined] => [name, inherited[name]]).filter(isSet));
}

function isSet(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined && entry[1] !== "";
}

/** The variables with their reasons, for the docs. */
export function listProxyVariables(): readonly { readonly name: string; readonly why: string }[] {
  return rows.map(({ name, why }) => ({ name: `LINKERD2_PROXY_${name}`, why }));
}

function clusterNetworks({ settings }: ProxyFacts): string {
  return settings.clusterNetworks.map(renderNetwork).join(",");
}

// One socket on :: takes both families; a machine reached by IPv4 alone may have no IPv6 at all.
function inboundHost(settings: Settings): string {
  return settings.inboundNetworkAddress?.v6 === undefined ? "0.0.0.0" : "[::]";
}
