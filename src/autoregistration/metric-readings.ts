import type { Clock } from "../platform/host.ts";
import type { Fleet } from "./fleet.ts";
import type { WatchedGroups } from "./groups-folder.ts";
import { isLive } from "./lease-life.ts";
import type { Service } from "./service.ts";
import type { Vitals } from "./vitals.ts";

/** What the metrics are read from. */
export interface MetricSources {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly vitals: Vitals;
  readonly groups: Pick<WatchedGroups, "current" | "troubles">;
  readonly ready: () => boolean;
  /** Undefined before it is open. */
  readonly service: () => Pick<Service, "counts"> | undefined;
  readonly identityExpiresAt: () => Date | undefined;
}

/** A metric that is read when somebody asks. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** It only grows, for as long as the process lives. */
  readonly counts?: true;
  readonly read: () => Iterable<Sample>;
}

/** A value and what it is of. */
export interface Sample {
  readonly of?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Everything that the service tells besides its calls. */
export function listReadings(sources: MetricSources): readonly Reading[] {
  const { vitals, groups, service, ready, identityExpiresAt } = sources;
  return [
    { name: "workloads", help: "Machines by group and readiness", labels: ["namespace", "group", "ready"], read: () => readWorkloads(sources) },
    { name: "leases", help: "Leases by state", labels: ["state"], read: () => readLeases(sources) },
    { name: "round_changes_total", help: "What rounds did, by kind", labels: ["kind"], counts: true, read: () => [...vitals.changes].map(([kind, value]) => ({ of: { kind }, value })) },
    { name: "breaker_tripped_total", help: "How often too many machines were silent at once, so that nobody expired", counts: true, read: () => one(vitals.tripped) },
    { name: "held_changes", help: "Changes that wait for the breaker or for the limit of deletions", read: () => one(vitals.held) },
    { name: "leader", help: "1 while this server looks after the machines", read: () => one(vitals.leads) },
    { name: "ready", help: "1 while machines may call", read: () => one(ready()) },
    { name: "groups", help: "Groups that were read", read: () => one(groups.current().size) },
    { name: "group_troubles", help: "Group files with something wrong", read: () => one(groups.troubles().length) },
    { name: "connections", help: "Open connections of machines", read: () => one(service()?.counts().connections ?? 0) },
    { name: "failed_handshakes_total", help: "TLS handshakes that failed", counts: true, read: () => one(service()?.counts().failedHandshakes ?? 0) },
    { name: "identity_expiration_timestamp_seconds", help: "When the SVID of this server ends; 0 without one", read: () => one((identityExpiresAt()?.getTime() ?? 0) / 1000) },
  ];
}

function one(value: number | boolean): readonly Sample[] {
  return [{ value: Number(value) }];
}

// Counted before the library sees them: for fifty thousand machines it takes a hundred times longer to add up.
function readWorkloads({ fleet }: MetricSources): readonly Sample[] {
  const counts = new Map<string, { readonly of: Readonly<Record<string, string>>; value: number }>();
  for (const { value: { object: { key: { namespace }, group }, condition } } of fleet.snapshot().workloads) {
    const ready = String(condition?.ready ?? false);
    const id = `${namespace}/${group}/${ready}`;
    const count = counts.get(id) ?? { of: { namespace, group, ready }, value: 0 };
    count.value += 1;
    counts.set(id, count);
  }
  return [...counts.values()];
}

function readLeases({ fleet, clock }: MetricSources): readonly Sample[] {
  const now = clock.now().getTime();
  const counts = { live: 0, draining: 0, expired: 0 };
  for (const { value } of fleet.snapshot().leases) {
    const draining = value.drainingSince !== undefined && value.expiredAt === undefined;
    counts[isLive(value, now) ? "live" : draining ? "draining" : "expired"] += 1;
  }
  return Object.entries(counts).map(([state, value]) => ({ of: { state }, value }));
}
