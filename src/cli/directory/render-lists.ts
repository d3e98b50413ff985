import type { GroupEntry, GroupTrouble, WorkloadEntry } from "../../registration/directory.ts";
import { renderAge, renderSeconds } from "./render-age.ts";
import { renderCell, renderTable } from "./render-table.ts";

/** Columns of a workload. */
export const workloadHeader = ["NAMESPACE", "NAME", "GROUP", "READY", "REASON", "ADDRESS", "AGE", "LAST-SEEN"] as const;

/** Further columns of a workload. */
export const wideHeader = ["LEASE", "IDENTITY", "HOSTNAME", "OS", "HARNESS", "PROXY"] as const;

/** The groups, and the files that hold none. */
export function renderGroupList(groups: readonly GroupEntry[], troubles: readonly GroupTrouble[]): string {
  const table = groups.length === 0 ? "No groups." : renderTable(["NAMESPACE", "NAME", "MACHINES", "RENEW", "LEASE", "PROBE"], groups.map(renderGroupRow));
  return [table, ...(troubles.length === 0 ? [] : [renderTroubles(troubles)])].join("\n\n");
}

/** The workloads as they stand at `now`. */
export function renderWorkloadList(workloads: readonly WorkloadEntry[], { now, wide }: { readonly now: Date; readonly wide: boolean }): string {
  if (workloads.length === 0) return "No workloads.";
  const header = wide ? [...workloadHeader, ...wideHeader] : workloadHeader;
  return renderTable(header, workloads.map((workload) => [...renderWorkloadRow(workload, now), ...(wide ? renderWide(workload) : [])]));
}

/** The cells of a workload under `workloadHeader`. */
export function renderWorkloadRow({ namespace, name, group, ready, reason, addresses, createdAt, lease }: WorkloadEntry, now: Date): readonly string[] {
  const seen = lease.renewedAt === undefined ? "-" : renderSince(lease.renewedAt, now);
  return [namespace, name, group, ready ? "True" : "False", reason, addresses.join(","), renderSince(createdAt, now), seen];
}

/** How long ago a time was. */
export function renderSince(time: string, now: Date): string {
  return renderAge(now.getTime() - Date.parse(time));
}

/** How many machines of a group are ready. */
export function renderMachines({ ready, total }: GroupEntry["machines"]): string {
  return `${ready}/${total}`;
}

function renderGroupRow({ namespace, name, machines, renewSeconds, leaseSeconds, probe }: GroupEntry): readonly string[] {
  return [namespace, name, renderMachines(machines), renderSeconds(renewSeconds), renderSeconds(leaseSeconds), probe?.action ?? "-"];
}

function renderTroubles(troubles: readonly GroupTrouble[]): string {
  const lines = troubles.flatMap(({ file, problems }) => [file, ...problems.map((problem) => `  ${problem}`)]);
  return ["These files could not be used:", ...lines.map((line) => `  ${renderCell(line)}`)].join("\n");
}

function renderWide({ lease, identity, machine }: WorkloadEntry): readonly string[] {
  return [lease.state, identity, machine.hostname, machine.os, machine.harnessVersion, machine.proxyVersion].map((cell) => (cell === "" ? "-" : cell));
}
