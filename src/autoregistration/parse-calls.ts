import type { ObjectKey } from "../model/external-group.ts";
import { defaultInboundPort } from "../model/external-workload.ts";
import { isLabelKey, isLabelValue } from "../model/settings/kinds/labels.ts";
import { DeregisterRequest_Mode, type DeregisterRequest, type Health, type Incarnation as WireIncarnation, type RegisterRequest, type RenewRequest } from "../registration/generated/registration.ts";
import { decodeState } from "../registration/messages.ts";
import { refuseCall, type Reason, type Refusal } from "../registration/reasons.ts";
import type { DeregisterCall, HealthReport, Incarnation, RegisterCall, RenewCall } from "./calls.ts";
import type { MachineFacts } from "./objects.ts";

/** A call that is well formed, or why it is not. */
export type ParsedCall<T> = { readonly ok: true; readonly call: T } | { readonly ok: false; readonly refusal: Refusal };

/** Reads a registration; `identity` is what mTLS proved. */
export function parseRegister(request: RegisterRequest, identity: string): ParsedCall<RegisterCall> {
  return settle(() => ({
    identity,
    group: parseKey(request.group?.namespace, request.group?.name),
    incarnation: parseIncarnation(request.incarnation),
    addresses: parseAddresses(request.addresses),
    inboundPort: parsePort(request.inboundPort),
    labels: parseLabels(request.labels),
    facts: parseFacts(request),
    health: parseHealth(request.health),
  }));
}

/** Reads a renewal. */
export function parseRenew(request: RenewRequest, identity: string): ParsedCall<RenewCall> {
  return settle(() => ({
    identity,
    key: parseKey(request.workloadNamespace, request.workloadName),
    token: parseToken(request.leaseToken),
    incarnation: parseIncarnation(request.incarnation),
    addresses: parseAddresses(request.addresses),
    configVersion: request.configVersion,
    health: parseHealth(request.health),
  }));
}

/** Reads a leave. A mode that this version does not know drains, which harms least. */
export function parseDeregister(request: DeregisterRequest, identity: string): ParsedCall<DeregisterCall> {
  return settle(() => ({
    identity,
    key: parseKey(request.workloadNamespace, request.workloadName),
    token: parseToken(request.leaseToken),
    incarnation: parseIncarnation(request.incarnation),
    mode: request.mode === DeregisterRequest_Mode.DELETE ? "delete" : "drain",
  }));
}

/** A field that cannot be used; never leaves this file. */
class Malformed extends Error {
  readonly reason: Reason;

  constructor(message: string, reason: Reason = "REQUEST_INVALID") {
    super(message);
    this.reason = reason;
  }
}

function settle<T>(parse: () => T): ParsedCall<T> {
  try {
    return { ok: true, call: parse() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, refusal: refuseCall(error.reason, error.message) };
  }
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;
const mostLabels = 32;
const longestToken = 128;
const longestFact = 253;

function parseKey(namespace = "", name = ""): ObjectKey {
  if (dnsLabel.test(namespace) && dnsLabel.test(name)) return { namespace, name };
  throw new Malformed("The namespace or the name is not a DNS label.");
}

function parseIncarnation(incarnation: WireIncarnation | undefined): Incarnation {
  if (incarnation === undefined) throw new Malformed("The call names no incarnation.");
  const { instanceId, incarnationId } = incarnation;
  if (!uuid.test(instanceId) || !uuid.test(incarnationId)) throw new Malformed("The instance or incarnation id is not a UUID.");
  return { instanceId: instanceId.toLowerCase(), incarnationId: incarnationId.toLowerCase(), epoch: parseCount(incarnation.epoch, "epoch") };
}

function parseCount(count: bigint, what: string): number {
  if (count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(`The ${what} is larger than 2^53 - 1.`);
  return Number(count);
}

function parseAddresses(addresses: readonly string[]): readonly string[] {
  // Here already, for a message may hold a hundred thousand of them.
  if (addresses.length > 2) throw new Malformed("The machine gives more than two addresses; a workload has at most one of each family.", "ADDRESS_INVALID");
  return addresses;
}

function parsePort(port: number): number {
  if (port === 0) return defaultInboundPort;
  if (port > 65_535) throw new Malformed("The inbound port is larger than 65535.");
  return port;
}

function parseLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(labels);
  if (pairs.length > mostLabels) throw new Malformed(`The machine sets more than ${mostLabels} labels.`);
  if (pairs.every(([key, value]) => isLabelKey(key) && isLabelValue(value))) return labels;
  throw new Malformed("A label that the machine sets has a key or a value that Kubernetes does not take.");
}

function parseToken(token: string): string {
  if (token.length > longestToken) throw new Malformed("The lease token is none of this service.", "LEASE_INVALID");
  return token;
}

function parseFacts({ os, hostname, zone, harnessVersion, proxyVersion }: RegisterRequest): MachineFacts {
  const line = (text: string): string => text.slice(0, longestFact).toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").trim();
  return { os: line(os), hostname: line(hostname), zone: line(zone), harnessVersion: line(harnessVersion), proxyVersion: line(proxyVersion) };
}

function parseHealth(health: Health | undefined): HealthReport {
  if (health === undefined) return { state: "NotReady", seq: 0, reason: "", message: "" };
  return { state: decodeState(health.state), seq: parseCount(health.seq, "health report's number"), reason: health.reason, message: health.message };
}
