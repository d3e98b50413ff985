import { address, ip, networks } from "./kinds/addresses.ts";
import { duration } from "./kinds/duration.ts";
import { hostPort, listenAddress } from "./kinds/host-port.ts";
import { labels } from "./kinds/labels.ts";
import { dnsName, namespaceName, objectName } from "./kinds/names.ts";
import { path, workloadApi } from "./kinds/paths.ts";
import { port, portSet } from "./kinds/ports.ts";
import { probe } from "./kinds/probe.ts";
import { spiffeId, spiffeIdPatterns } from "./kinds/spiffe-id.ts";
import { boolean, choice, level, text, user } from "./kinds/words.ts";
import type { Row } from "./row.ts";

/**
 * THE table of settings: flags, variables, config file, registry, installer, cmdlets and docs are projections of it.
 * The order is that of help and docs.
 */
export const settingsTable = {
  inboundNetworkAddress: {
    kind: address, required: { role: "run" },
    doc: "Address of this machine that the cluster reaches",
  },
  registration: {
    kind: choice("dynamic", "static"), default: "dynamic",
    doc: "How the machine enters the mesh: dynamic asks the registration service, static serves an ExternalWorkload that exists already",
  },
  workloadGroupName: {
    kind: objectName, required: { role: "run", registration: "dynamic" },
    doc: "Name of the ExternalGroup that the machine joins",
  },
  workloadGroupNamespace: {
    kind: namespaceName, required: { role: "run", registration: "dynamic" },
    doc: "Namespace of the ExternalGroup that the machine joins",
  },
  workloadName: {
    kind: objectName, required: { role: "run", registration: "static" },
    doc: "Name of this machine's ExternalWorkload, for static registration",
  },
  workloadNamespace: {
    kind: namespaceName, required: { role: "run", registration: "static" },
    doc: "Namespace of this machine's ExternalWorkload, for static registration",
  },
  workloadIdentity: {
    kind: spiffeId, of: "both",
    doc: "SPIFFE ID that is taken when SPIRE offers several; without it there must be just one",
  },
  workloadServerName: {
    kind: dnsName,
    doc: "TLS server name of this machine, as its ExternalWorkload says, for static registration",
  },
  probe: {
    kind: probe,
    doc: "How the harness asks whether the application is ready, for static registration",
  },
  labels: {
    kind: labels, default: "",
    doc: "Labels that the machine asks for; only keys that its group allows",
  },
  clusterDomain: {
    kind: dnsName, default: "cluster.local", of: "both", group: true,
    doc: "DNS domain of the cluster",
  },
  controlNamespace: {
    kind: namespaceName, default: "linkerd", of: "both",
    doc: "Namespace of Linkerd's control plane; the derived names follow it",
  },
  controlAddress: {
    kind: hostPort, default: "linkerd-autoregistration.<controlNamespace>.svc.<clusterDomain>:8081",
    doc: "Where the registration service answers",
  },
  controlServerName: {
    kind: dnsName, of: "both", default: "linkerd-autoregistration.<controlNamespace>.serviceaccount.identity.<controlNamespace>.<clusterDomain>",
    doc: "TLS server name of the registration service",
  },
  destinationSvcAddr: {
    kind: hostPort, default: "linkerd-dst.<controlNamespace>.svc.<clusterDomain>:8086", group: true,
    doc: "Where Linkerd's destination service answers",
  },
  destinationSvcName: {
    kind: dnsName, default: "linkerd-destination.<controlNamespace>.serviceaccount.identity.<controlNamespace>.<clusterDomain>", group: true,
    doc: "TLS server name of the destination service",
  },
  policySvcAddr: {
    kind: hostPort, default: "linkerd-policy.<controlNamespace>.svc.<clusterDomain>:8090", group: true,
    doc: "Where Linkerd's policy service answers",
  },
  policySvcName: {
    kind: dnsName, default: "linkerd-destination.<controlNamespace>.serviceaccount.identity.<controlNamespace>.<clusterDomain>", group: true,
    doc: "TLS server name of the policy service",
  },
  clusterNetworks: {
    kind: networks, default: "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8", group: true,
    doc: "Networks of the cluster's pods and nodes, for policies and the firewall",
  },
  defaultInboundPolicy: {
    kind: choice("all-unauthenticated", "all-authenticated", "cluster-unauthenticated", "cluster-authenticated", "deny", "audit"),
    default: "all-unauthenticated", group: true,
    doc: "Who may connect to a port of this machine that no Server describes",
  },
  spireSocketAddr: {
    kind: workloadApi, of: "both", alsoVariable: "SPIFFE_ENDPOINT_SOCKET",
    default: { linux: "unix:///tmp/spire-agent/public/api.sock", win32: "\\\\.\\pipe\\spire-agent\\public\\api" },
    doc: "Where SPIRE's agent offers the Workload API",
  },
  spireServiceName: {
    kind: text, default: "spire-agent",
    doc: "Name of the system service that runs SPIRE's agent",
  },
  spireDependency: {
    kind: choice("off", "on"), default: "off",
    doc: "On makes the system start SPIRE's agent before the harness; off lets the harness wait for an identity by itself",
  },
  trustAnchorsFile: {
    kind: path, of: "both",
    doc: "PEM file with trust anchors that are added to SPIRE's bundle",
  },
  installFolder: {
    kind: path, msi: "INSTALLFOLDER",
    default: { linux: "/opt/linkerd-mesh", win32: "%ProgramFiles%\\Buoyant\\Linkerd" },
    doc: "Folder that holds the programs",
  },
  logDir: {
    kind: path, msi: "LOGDIR",
    default: { linux: "/var/log/linkerd-mesh", win32: "<installFolder>" },
    doc: "Folder of the harness's log",
  },
  logFile: {
    kind: choice("off", "text", "json"),
    default: { linux: "off", win32: "text" },
    doc: "Keeps the harness's log in harness.log in LOGDIR, as lines of text or of JSON; off where the system's journal has it",
  },
  stateDir: {
    kind: path, of: "both",
    default: { linux: "/var/lib/linkerd-mesh", win32: "%ProgramData%\\Buoyant\\Linkerd" },
    doc: "Folder for what must outlive a restart: the instance's identity and its last registration",
  },
  logLevel: {
    kind: level, default: "info", of: "both",
    doc: "How much is logged",
  },
  proxyPath: {
    kind: path,
    default: { linux: "<installFolder>/linkerd2-proxy", win32: "<installFolder>\\linkerd2-proxy.exe" },
    doc: "The proxy's program file",
  },
  proxyLog: {
    kind: text, default: "warn,linkerd=info",
    doc: "What the proxy logs, in its own filter language",
  },
  proxyUser: {
    kind: user, default: "linkerd-mesh", only: "linux",
    doc: "Account of harness and proxy, whose own traffic is never redirected; never root",
  },
  proxyInboundPort: {
    kind: port, default: "4143",
    doc: "Port at which the proxy accepts connections from the mesh, on all addresses",
  },
  proxyOutboundPort: {
    kind: port, default: "4140",
    doc: "Loopback port to which outbound connections are redirected",
  },
  proxyAdminPort: {
    kind: port, default: "4191",
    doc: "Port of the proxy's health, metrics and shutdown",
  },
  proxyAdminAddress: {
    kind: ip, default: "127.0.0.1",
    doc: "Address of the proxy's health, metrics and shutdown",
  },
  harnessAdminPort: {
    kind: port, default: "4192",
    doc: "Port of the harness's health, status and metrics",
  },
  harnessAdminAddress: {
    kind: ip, default: "127.0.0.1",
    doc: "Address of the harness's health, status and metrics",
  },
  outboundRedirect: {
    kind: choice("on", "off"), default: "on",
    doc: "Off makes a machine that only receives: its own connections stay outside the mesh",
  },
  outboundPortsToIgnore: {
    kind: portSet, default: "8081",
    doc: "Destination ports that are not redirected; SPIRE and the registration service use 8081",
  },
  outboundNetworksToIgnore: {
    kind: networks, default: "",
    doc: "Destination networks that are not redirected",
  },
  inboundPortsToIgnore: {
    kind: portSet, default: "22,445,3389,4190-4192,5985-5986", only: "linux",
    doc: "Local ports that are never redirected to the proxy, so that nobody is locked out of the machine",
  },
  inboundOpaquePorts: {
    kind: portSet, default: "25,587,3306,4444,5432,6379,9300,11211",
    doc: "Local ports whose protocol the proxy does not try to detect",
  },
  onProxyFailure: {
    kind: choice("open", "closed"), default: "open",
    doc: "What happens to traffic when the proxy dies: open lets it go unmeshed and says so, closed refuses it except on management ports",
  },
  firewall: {
    kind: choice("cluster", "any", "none"), default: "cluster",
    doc: "Whom the firewall lets reach the proxy: the cluster's networks, anybody, or no rule at all",
  },
  allowExecProbes: {
    kind: boolean, default: "false",
    doc: "Lets a group's probe run a program on this machine",
  },
  shutdownGrace: {
    kind: duration, default: "20s",
    doc: "Time that draining and the proxy's end may take together when the service stops",
  },
  listenAddress: {
    kind: listenAddress, default: ":8081", of: "server",
    doc: "Where the registration service listens",
  },
  adminAddress: {
    kind: listenAddress, default: "127.0.0.1:9996", of: "server",
    doc: "Where the registration service offers health, metrics and its lists",
  },
  groupsDir: {
    kind: path, of: "server", required: { role: "server" },
    doc: "Folder with ExternalGroup files, for a registration service outside Kubernetes",
  },
  authMode: {
    kind: choice("tls", "sidecar"), default: "tls", of: "server",
    doc: "How the registration service learns who calls: by its own TLS, or from Linkerd's sidecar in front of it",
  },
  tokenKeyFile: {
    kind: path, of: "server",
    doc: "File with the key that signs registration tokens",
  },
  defaultGroupIdentities: {
    kind: spiffeIdPatterns, default: "", of: "server",
    doc: "SPIFFE IDs that may join a group which names none itself; none means that nobody may",
  },
} as const satisfies Record<string, Row<unknown>>;
