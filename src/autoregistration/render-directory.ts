import { renderHostPort } from "../model/settings/kinds/host-port.ts";
import { renderNetwork } from "../model/settings/kinds/addresses.ts";
import { renderKey, type ExternalGroup, type GroupProbe, type ObjectKey, type ProbeAction } from "../model/external-group.ts";
import type { GroupEntry, WorkloadEntry } from "../registration/directory.ts";
import { isLive, silenceLimit } from "./lease-life.ts";
import { readConfigVersion } from "./names.ts";
import type { LeaseObject, StoredWorkload, Versioned } from "./objects.ts";
import type { Snapshot } from "./store.ts";

/** Where a group list comes from: the groups as they were read, what is stored, and who may join a group that names nobody. */
export interface GroupSources {
  readonly groups: ReadonlyMap<string, ExternalGroup>;
  readonly workloads: Snapshot["workloads"];
  readonly defaultIdentities: readonly string[];
}

/** The groups with how many machines each has, by namespace and name. */
export function renderGroupEntries({ groups, workloads, defaultIdentities }: GroupSources): readonly GroupEntry[] {
  const machines = countMachines(workloads);
  return [...groups.values()].toSorted((a, b) => compareKeys(a.key, b.key)).map((group) => renderGroup(group, { defaultIdentities, machines: machines.get(renderKey(group.key)) ?? nobody }));
}

/** The workloads as they stand at `now`, by namespace and name; made one by one, for there may be many. */
export function* renderWorkloadEntries({ workloads, leases }: Snapshot, now: number): Generator<WorkloadEntry, void, void> {
  const leaseOf = new Map(leases.map(({ value }) => [renderKey(value.key), value]));
  for (const { value } of workloads.toSorted((a, b) => compareKeys(a.value.object.key, b.value.object.key))) {
    yield renderWorkloadEntry(value, leaseOf.get(renderKey(value.object.key)), now);
  }
}

/** One workload as it stands at `now`. */
export function renderWorkloadEntry({ object, condition, uid, createdAt }: StoredWorkload, lease: LeaseObject | undefined, now: number): WorkloadEntry {
  const { key, group, identity, serverName, instanceId, addresses, inboundPort, ports, labels, facts } = object;
  return {
    ...key,
    uid,
    group,
    identity,
    serverName,
    instanceId,
    addresses: [...addresses],
    inboundPort,
    ports: [...ports],
    labels,
    createdAt: renderTime(createdAt),
    ready: condition?.ready ?? false,
    reason: condition?.reason ?? "Unknown",
    message: condition?.message ?? "",
    ...(condition && { since: condition.since }),
    lease: renderLease(lease, now),
    machine: facts,
  };
}

/** How a list is sorted: by namespace, then by name. */
export function compareKeys(a: ObjectKey, b: ObjectKey): number {
  return compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name);
}

type Machines = GroupEntry["machines"];

const nobody: Machines = { total: 0, ready: 0 };

function countMachines(workloads: readonly Versioned<StoredWorkload>[]): ReadonlyMap<string, Machines> {
  const counts = new Map<string, Machines>();
  for (const { value } of workloads) {
    const id = renderKey({ namespace: value.object.key.namespace, name: value.object.group });
    const { total, ready } = counts.get(id) ?? nobody;
    counts.set(id, { total: total + 1, ready: ready + (value.condition?.ready === true ? 1 : 0) });
  }
  return counts;
}

function renderGroup(group: ExternalGroup, { defaultIdentities, machines }: { readonly defaultIdentities: readonly string[]; readonly machines: Machines }): GroupEntry {
  const { key, admission, lease, onDeregister, probe, labels, ports, proxy } = group;
  return {
    ...key,
    identities: [...(admission.identities ?? defaultIdentities)],
    identitiesFrom: admission.identities === undefined ? "default" : "group",
    allowedCidrs: admission.allowedCidrs.map(renderNetwork),
    allowedLabels: [...admission.allowedLabels],
    ...(admission.maxWorkloads !== undefined && { maxWorkloads: admission.maxWorkloads }),
    labels,
    ports: [...ports],
    ...(probe && { probe: renderProbe(probe) }),
    proxy: Object.fromEntries(Object.entries(proxy)),
    renewSeconds: lease.renewInterval / 1000,
    leaseSeconds: lease.duration / 1000,
    deregisterAfterSeconds: lease.deregisterAfter / 1000,
    drainSeconds: lease.drain / 1000,
    onDeregister,
    configVersion: readConfigVersion(group),
    machines,
  };
}

function renderProbe({ action, ...times }: GroupProbe): NonNullable<GroupEntry["probe"]> {
  return { action: renderAction(action), ...times };
}

function renderAction(action: ProbeAction): string {
  if (action.kind === "httpGet") return `${action.scheme} GET ${action.scheme.toLowerCase()}://${renderHostPort(action)}${action.path}`;
  if (action.kind === "tcpSocket") return `TCP ${renderHostPort(action)}`;
  if (action.kind === "grpc") return `gRPC ${renderHostPort({ host: loopback, port: action.port })} ${action.service}`.trimEnd();
  return `exec ${action.command.map(renderWord).join(" ")}`;
}

// A gRPC probe has no host of its own: it asks the machine itself.
const loopback = "127.0.0.1";

function renderWord(word: string): string {
  return /^[\w@%+=:,./\\-]+$/u.test(word) ? word : JSON.stringify(word);
}

function renderLease(lease: LeaseObject | undefined, now: number): WorkloadEntry["lease"] {
  if (lease === undefined) return { state: "none" };
  return { state: judgeLease(lease, now), epoch: lease.epoch, renewedAt: renderTime(lease.renewedAt), expiresAt: renderTime(lease.renewedAt + silenceLimit(lease.duration)) };
}

// A machine that leaves and one that is silent are both out of office; which it is, the lease says.
function judgeLease(lease: LeaseObject, now: number): "live" | "draining" | "expired" {
  if (isLive(lease, now)) return "live";
  return lease.drainingSince !== undefined && lease.expiredAt === undefined ? "draining" : "expired";
}

function renderTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

// Not by locale: the order is the same on every machine.
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
