import { settingsTable } from "./settings/table.ts";

/** A port that the machine's application serves, as ExternalWorkload and Service name it. */
export interface WorkloadPort {
  readonly name: string;
  readonly port: number;
}

/** A machine as the cluster knows it: the fields of a `workload.linkerd.io/v1beta1` ExternalWorkload. */
export interface ExternalWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** SPIFFE id that peers expect in the machine's certificate. */
  readonly identity: string;
  /** TLS server name that peers ask for and the proxy terminates. */
  readonly serverName: string;
  /** One IPv4, one IPv6, or both. */
  readonly addresses: readonly string[];
  readonly ports: readonly WorkloadPort[];
  /** Where peers reach the proxy; published as port `linkerd-proxy` unless it is Linkerd's own 4143. */
  readonly inboundPort: number;
}

/** Linkerd's own inbound port: what peers dial when the workload publishes no port named `linkerd-proxy`. */
export const defaultInboundPort = Number(settingsTable.proxyInboundPort.default);

/** Name under which a workload publishes another inbound port (Linkerd ≥ edge-25.3.4 looks for it). */
export const inboundPortName = "linkerd-proxy";

/** Every rule of the CRD and of Kubernetes names that this workload breaks, as sentences; empty when it is valid. */
export function judgeExternalWorkload(workload: ExternalWorkload): readonly string[] {
  return [...judgeNames(workload), ...judgeMeshTls(workload), ...judgeAddresses(workload), ...judgePorts(workload.ports)];
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u;
const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u;
const portName = /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/u;

function judgeNames({ name, namespace }: ExternalWorkload): readonly string[] {
  const problems: string[] = [];
  // The name also names a Service, which must be a DNS label that starts with a letter.
  if (!dnsLabel.test(name) || !/^[a-z]/u.test(name)) problems.push(`the workload's name '${name}' is not a DNS label that starts with a letter`);
  if (!dnsLabel.test(namespace)) problems.push(`the namespace '${namespace}' is not a DNS label`);
  return problems;
}

function judgeMeshTls({ identity, serverName }: ExternalWorkload): readonly string[] {
  const problems: string[] = [];
  if (!identity.startsWith("spiffe://")) problems.push(`the identity '${identity}' is not a SPIFFE id`);
  if (identity.length > 253) problems.push(`the identity is ${identity.length} characters long; ExternalWorkload allows 253`);
  if (!dnsName.test(serverName) || serverName.length > 253) problems.push(`the server name '${serverName}' is not a DNS name of at most 253 characters`);
  return problems;
}

function judgeAddresses({ addresses }: ExternalWorkload): readonly string[] {
  if (addresses.length === 0) return ["the workload has no address; Linkerd skips such workloads"];
  return addresses.length > 2 ? [`the workload has ${addresses.length} addresses; ExternalWorkload allows 2`] : [];
}

function judgePorts(ports: readonly WorkloadPort[]): readonly string[] {
  const problems: string[] = [];
  const names = ports.map((port) => port.name);
  for (const { name, port } of ports) {
    if (!portName.test(name) || name.length > 15) problems.push(`the port name '${name}' is not 1 to 15 lower-case letters, digits and single dashes with at least one letter`);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) problems.push(`the port ${port} is not between 1 and 65535`);
    if (name === inboundPortName) problems.push(`the port name '${inboundPortName}' is taken: Linkerd looks for the proxy's own port under it`);
  }
  for (const name of new Set(names)) {
    if (names.indexOf(name) !== names.lastIndexOf(name)) problems.push(`the port name '${name}' is given twice`);
  }
  return problems;
}
