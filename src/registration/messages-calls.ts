import type { GroupPort, GroupProbe, GroupProxyConfig, ObjectKey, ProbeAction } from "../model/external-group.ts";
import { DeregisterRequest_Mode, type DeregisterRequest, type DeregisterResponse, type Lease, type ProbeSpec, type ProxyConfig, type RegisterRequest, type RegisterResponse, type RenewRequest, type RenewResponse } from "./generated/registration.ts";
import { decodeDuration, encodeHealth, encodeIncarnation, type MachineHealth, type MachineIncarnation } from "./messages.ts";

/** What a machine says to join a group. */
export interface RegisterAsk {
  readonly group: ObjectKey;
  readonly incarnation: MachineIncarnation;
  readonly addresses: readonly string[];
  readonly inboundPort: number;
  readonly labels: Readonly<Record<string, string>>;
  /** For readers of the cluster only. */
  readonly facts: { readonly harnessVersion: string; readonly proxyVersion: string; readonly os: string; readonly hostname: string; readonly zone: string };
  readonly health: MachineHealth;
}

/** A right to be there for a while; the token is a secret. Times in milliseconds. */
export interface LeaseGrant {
  readonly token: string;
  readonly duration: number;
  readonly renewInterval: number;
  readonly deregisterAfter: number;
}

/** What a machine is told when it has joined. */
export interface RegisteredMachine {
  readonly workload: ObjectKey;
  readonly uid: string;
  /** The SPIFFE id that the service saw. */
  readonly identity: string;
  readonly serverName: string;
  readonly lease: LeaseGrant;
  readonly probe: GroupProbe | undefined;
  readonly ports: readonly GroupPort[];
  readonly proxy: GroupProxyConfig;
  readonly configVersion: string;
}

/** What a machine says to stay. */
export interface RenewAsk {
  readonly workload: ObjectKey;
  readonly token: string;
  readonly incarnation: MachineIncarnation;
  readonly addresses: readonly string[];
  readonly health: MachineHealth;
  readonly configVersion: string;
}

/** What a machine that stays is told. */
export interface RenewedMachine {
  readonly lease: LeaseGrant;
  /** The group has changed: register again. */
  readonly configChanged: boolean;
  /** Least time until the next call, milliseconds. */
  readonly minNextCall: number;
  /** Number of the health report that the service has taken in. */
  readonly healthSeqApplied: number;
}

/** What a machine says to leave: for a while, or for good. */
export interface DeregisterAsk {
  readonly workload: ObjectKey;
  readonly token: string;
  readonly incarnation: MachineIncarnation;
  readonly mode: "drain" | "delete";
}

// A service that grants less or more is wrong; a machine shall neither flood it nor fall silent.
const leastInterval = 1000;
const mostInterval = 600_000;
const mostDrain = 600_000;
const mostProbeSeconds = 86_400;

/** The message that asks to join. */
export function encodeRegister({ group, incarnation, addresses, inboundPort, labels, facts, health }: RegisterAsk): RegisterRequest {
  return { group: { ...group }, incarnation: encodeIncarnation(incarnation), addresses: [...addresses], inboundPort, labels: { ...labels }, ...facts, health: encodeHealth(health), protocolMinor: 0, features: [] };
}

/** What the service answers to a machine that joins; undefined when that cannot be used. */
export function decodeRegistered(response: RegisterResponse): RegisteredMachine | undefined {
  const { workloadName, workloadNamespace, workloadUid, identity, serverName, configVersion } = response;
  const lease = decodeLease(response.lease);
  const probe = response.probe && decodeProbe(response.probe);
  // A probe that cannot be understood is not the same as none, which would make the machine ready.
  if (lease === undefined || (response.probe !== undefined && probe === undefined)) return undefined;
  if (workloadName === "" || workloadNamespace === "" || serverName === "") return undefined;
  const workload = { namespace: workloadNamespace, name: workloadName };
  const ports = response.ports.map(({ name, port, protocol }): GroupPort => ({ name, port, protocol: protocol === "UDP" ? "UDP" : "TCP" }));
  return { workload, uid: workloadUid, identity, serverName, lease, probe, ports, proxy: decodeProxy(response.proxy), configVersion };
}

/** The message that asks to stay. */
export function encodeRenew({ workload, token, incarnation, addresses, health, configVersion }: RenewAsk): RenewRequest {
  return { workloadNamespace: workload.namespace, workloadName: workload.name, leaseToken: token, incarnation: encodeIncarnation(incarnation), health: encodeHealth(health), configVersion, addresses: [...addresses] };
}

/** What the service answers to a machine that stays; undefined when that cannot be used. */
export function decodeRenewed({ lease, configChanged, minNextCall, healthSeqApplied }: RenewResponse): RenewedMachine | undefined {
  const granted = decodeLease(lease);
  const wait = Math.max(0, Math.min(decodeDuration(minNextCall) ?? 0, mostInterval));
  return granted && { lease: granted, configChanged, minNextCall: wait, healthSeqApplied: Number(healthSeqApplied) };
}

/** The message that says farewell. */
export function encodeDeregister({ workload, token, incarnation, mode }: DeregisterAsk): DeregisterRequest {
  const number = mode === "delete" ? DeregisterRequest_Mode.DELETE : DeregisterRequest_Mode.DRAIN;
  return { workloadNamespace: workload.namespace, workloadName: workload.name, leaseToken: token, incarnation: encodeIncarnation(incarnation), mode: number };
}

/** How long a machine that leaves stays until its peers have noticed, milliseconds. */
export function decodeDeregistered({ drainFor }: DeregisterResponse): number {
  return Math.max(0, Math.min(decodeDuration(drainFor) ?? 0, mostDrain));
}

function decodeLease(lease: Lease | undefined): LeaseGrant | undefined {
  const duration = decodeDuration(lease?.duration);
  const renewInterval = decodeDuration(lease?.renewInterval);
  if (lease === undefined || lease.token === "" || duration === undefined || renewInterval === undefined) return undefined;
  const interval = Math.max(leastInterval, Math.min(renewInterval, mostInterval));
  return { token: lease.token, duration: Math.max(duration, interval), renewInterval: interval, deregisterAfter: Math.max(0, decodeDuration(lease.deregisterAfter) ?? 0) };
}

function decodeProbe(probe: ProbeSpec): GroupProbe | undefined {
  const action = decodeAction(probe.kind);
  if (action === undefined) return undefined;
  return {
    action,
    initialDelaySeconds: Math.min(probe.initialDelayS, mostProbeSeconds),
    periodSeconds: Math.min(Math.max(1, probe.periodS), mostProbeSeconds),
    timeoutSeconds: Math.min(Math.max(1, probe.timeoutS), mostProbeSeconds),
    successThreshold: Math.max(1, probe.successThreshold),
    failureThreshold: Math.max(1, probe.failureThreshold),
  };
}

function decodeAction(kind: ProbeSpec["kind"]): ProbeAction | undefined {
  switch (kind?.$case) {
    case undefined:
      return undefined;
    case "exec":
      return kind.value.command.length === 0 ? undefined : { kind: "exec", command: kind.value.command };
    case "httpGet": {
      const { host, port, path, scheme, headers } = kind.value;
      return isPort(port) ? { kind: "httpGet", host: hostOf(host), port, path, scheme: scheme === "HTTPS" ? "HTTPS" : "HTTP", headers } : undefined;
    }
    case "tcpSocket":
      return isPort(kind.value.port) ? { kind: "tcpSocket", host: hostOf(kind.value.host), port: kind.value.port } : undefined;
    case "grpc":
      return isPort(kind.value.port) ? { kind: "grpc", port: kind.value.port, service: kind.value.service } : undefined;
  }
}

// Empty is this machine itself.
function hostOf(host: string): string {
  return host === "" ? "127.0.0.1" : host;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

// Empty is unsaid on this wire.
function decodeProxy(proxy: ProxyConfig | undefined): GroupProxyConfig {
  return Object.fromEntries(Object.entries(proxy ?? {}).filter(([, value]) => value !== ""));
}
