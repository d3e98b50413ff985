import type { ServerReason } from "../../autoregistration/condition.ts";
import type { GroupEntry, WorkloadEntry } from "../../registration/directory.ts";
import { renderSeconds } from "./render-age.ts";
import { renderMachines, renderSince, renderWorkloadList } from "./render-lists.ts";
import { renderFacts } from "./render-table.ts";

/** Everything about a group, and its machines. */
export function renderGroup(group: GroupEntry, workloads: readonly WorkloadEntry[], now: Date): string {
  const facts = renderFacts([
    ["Name", `${group.namespace}/${group.name}`],
    ["Machines", `${renderMachines(group.machines)} ready${group.maxWorkloads === undefined ? "" : `, at most ${group.maxWorkloads}`}`],
    ["May join", renderAdmission(group)],
    ["Allowed networks", group.allowedCidrs.length === 0 ? "any" : group.allowedCidrs.join("\n")],
    ["Allowed labels", group.allowedLabels.length === 0 ? "none" : group.allowedLabels.join(", ")],
    ["Labels", renderRecord(group.labels)],
    ["Ports", renderPorts(group.ports)],
    ["Probe", renderProbe(group.probe)],
    ["Lease", `for ${renderSeconds(group.leaseSeconds)}, renewed every ${renderSeconds(group.renewSeconds)}`],
    ["Silent machines", group.onDeregister === "Delete" && group.deregisterAfterSeconds > 0 ? `not ready, and deleted after ${renderSeconds(group.deregisterAfterSeconds)}` : "not ready, and kept"],
    ["Leaving machines", `not ready, and ${group.onDeregister === "Delete" ? "deleted" : "kept"} after a drain of ${renderSeconds(group.drainSeconds)}`],
    ["Proxy", renderRecord(group.proxy)],
    ["Version", group.configVersion],
  ]);
  return workloads.length === 0 ? facts : `${facts}\n\n${renderWorkloadList(workloads, { now, wide: false })}`;
}

/** Everything about a workload: first how it stands and why, at the end what the machine says of itself. */
export function renderWorkload(workload: WorkloadEntry, now: Date): string {
  const { machine } = workload;
  return renderFacts([
    ["Name", `${workload.namespace}/${workload.name}`],
    ["Ready", renderReadiness(workload, now)],
    ["Next", workload.ready ? "" : (remedies[workload.reason] ?? theMachineSays)],
    ["Lease", renderLease(workload.lease, now)],
    ["Group", workload.group],
    ["Addresses", workload.addresses.join(", ")],
    ["Proxy port", String(workload.inboundPort)],
    ["Ports", renderPorts(workload.ports)],
    ["Labels", renderRecord(workload.labels)],
    ["Identity", workload.identity],
    ["Server name", workload.serverName],
    ["Created", renderTime(workload.createdAt, now)],
    ["Instance", workload.instanceId],
    ["UID", workload.uid],
    ["Machine says", [machine.hostname, machine.os, machine.zone && `zone ${machine.zone}`, machine.harnessVersion && `harness ${machine.harnessVersion}`, machine.proxyVersion && `proxy ${machine.proxyVersion}`].filter((text) => text !== "").join(", ")],
  ]);
}

const theMachineSays = "The machine itself says so: `linkerd-mesh status` there.";

// What to do about the reasons that the service itself gives.
const remedies: Readonly<Record<string, string>> = {
  Registered: "Nothing: the machine registered and has not yet said how it is.",
  Unknown: "Nothing: the service is just about to say how it is.",
  Draining: "Nothing: the machine is leaving.",
  Left: "Nothing: the machine left; it comes back by itself when its harness starts.",
  LeaseExpired: "See whether the machine runs and reaches this service: `linkerd-mesh status` there.",
  LeaseMissing: "Somebody deleted its lease; a living machine registers again by itself.",
  DuplicateInstance: "Two machines run from one disk image: give the copy a state folder of its own.",
  NotAdmitted: "Its group does not let it in any more: compare `linkerd-mesh group show` with its identity and addresses.",
  GroupGone: "Put its group's manifest back, or let the machine join another.",
} satisfies Record<Exclude<ServerReason, "Ready" | "NotReady"> | "Unknown", string>;

function renderReadiness({ ready, reason, message, since }: WorkloadEntry, now: Date): string {
  const head = `${ready ? "yes" : "no"}, ${reason}${since === undefined ? "" : `, for ${renderSince(since, now)} (since ${since})`}`;
  return message === "" ? head : `${head}\n${message}`;
}

function renderLease({ state, epoch, renewedAt, expiresAt }: WorkloadEntry["lease"], now: Date): string {
  if (renewedAt === undefined) return state;
  const end = state === "live" && expiresAt !== undefined ? `, over at ${expiresAt} unless renewed` : "";
  return `${state}, last stored renewal ${renderSince(renewedAt, now)} ago${end}${epoch === undefined ? "" : `; start ${epoch} of the instance`}`;
}

function renderAdmission({ identities, identitiesFrom }: GroupEntry): string {
  const from = identitiesFrom === "default" ? "by the service's default, for the group names nobody" : "";
  if (identities.length === 0) return from === "" ? "nobody" : `nobody: the group names nobody, and DEFAULT_GROUP_IDENTITIES is empty`;
  return [...identities, from].filter((text) => text !== "").join("\n");
}

function renderProbe(probe: GroupEntry["probe"]): string {
  if (probe === undefined) return "none";
  const { action, initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = probe;
  const delay = initialDelaySeconds === 0 ? "" : `first after ${initialDelaySeconds}s, `;
  return `${action}\n${delay}every ${periodSeconds}s within ${timeoutSeconds}s; ready after ${successThreshold}, not ready after ${failureThreshold} in a row`;
}

function renderPorts(ports: GroupEntry["ports"]): string {
  return ports.map(({ name, port, protocol }) => `${name} ${port}/${protocol}`).join("\n");
}

function renderRecord(record: Readonly<Record<string, string>>): string {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`).join("\n");
}

function renderTime(time: string, now: Date): string {
  return `${renderSince(time, now)} ago (${time})`;
}
