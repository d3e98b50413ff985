import type { GrowthLine, MeasuredRow, Row } from "../figure.ts";
import { percentile, summarise } from "../statistics.ts";
import type { Latency, MachineFleet } from "./machine-fleet.ts";
import type { ServerKind, Usage } from "./registration-orders.ts";

/** Numbers of machines at which the service is measured. */
export const sizes = [250, 500, 1000, 2000] as const;

/** A server and what it spent. */
export interface Subject {
  readonly kind: ServerKind;
  readonly fleet: MachineFleet;
  /** With each number of machines. */
  readonly stays: Stay[];
  readonly latencies: (readonly Latency[])[];
}

/** What a server spent with so many machines. */
export interface Stay {
  readonly size: number;
  /** CPU of one renewal, milliseconds; a value for each pass. */
  readonly renewal: readonly number[];
  readonly usage: Usage;
}

const titles: Readonly<Record<ServerKind, string>> = {
  library: "an empty handler of the gRPC library",
  wire: "an empty handler of our wire",
  memory: "the service, store in memory",
  sqlite: "the service, store on disk",
};

const secondsBetweenRenewals = 10;
const most = Math.max(...sizes);

/** All rows and panels of the figure. */
export function renderSubjects(subjects: readonly Subject[]): readonly Row[] {
  const [library, ...others] = subjects;
  const [wire, memory] = [subjects.find(({ kind }) => kind === "wire"), subjects.find(({ kind }) => kind === "memory")];
  if (library === undefined || wire === undefined || memory === undefined) throw new Error("a server is missing");
  return [
    ...others.map((subject) => renewalRow(subject, library)),
    machinesRow(memory, library),
    ...latencyRows(memory, wire),
    ...memoryRows(memory, wire),
    { id: "registration", growth: { title: "CPU of one renewal", unit: "µs", lines: subjects.map((subject) => line(subject, ({ renewal }) => summarise(renewal).median * 1000)) } },
    { id: "registration", growth: { title: "resident memory", unit: "MiB", lines: [memory, wire].map((subject) => line(subject, ({ usage }) => usage.resident / 2 ** 20)) } },
  ];
}

function line({ kind, stays }: Subject, value: (stay: Stay) => number): GrowthLine {
  return { title: titles[kind], points: stays.map((stay) => [stay.size, value(stay)]) };
}

function renewalRow(subject: Subject, library: Subject): MeasuredRow {
  const series = (of: Subject): MeasuredRow["measured"] => ({ title: `renewals by ${titles[of.kind]}, ${most} sessions`, values: perCoreSecond(of) });
  return { id: "renewals", unit: "per core second", measured: series(subject), baseline: series(library), ...(subject.kind === "memory" && { leastRatio: 0.6 }) };
}

function machinesRow(memory: Subject, library: Subject): MeasuredRow {
  const series = (of: Subject): MeasuredRow["measured"] => ({ title: `machines that renew every ${secondsBetweenRenewals} s, extrapolated: ${titles[of.kind]}`, values: perCoreSecond(of).map((value) => value * secondsBetweenRenewals) });
  return { id: "renewals", unit: "machines per core", measured: series(memory), baseline: series(library) };
}

function perCoreSecond({ stays }: Subject): readonly number[] {
  return (stays.find(({ size }) => size === most)?.renewal ?? []).map((milliseconds) => 1000 / milliseconds);
}

function latencyRows(memory: Subject, wire: Subject): readonly MeasuredRow[] {
  const shares = [["p50", 0.5], ["p99", 0.99]] as const;
  const kinds = [["Renew", "renew"], ["Register", "register"]] as const;
  return kinds.flatMap(([name, kind]) => shares.map(([title, share]) => {
    const series = (of: Subject): MeasuredRow["measured"] => ({
      title: `${title} of ${name} at 1000 calls per second, ${titles[of.kind]}`,
      values: of.latencies.map((latencies) => percentile(latencies.filter((latency) => latency.kind === kind).map(({ took }) => took), share)),
    });
    return { id: "latency", unit: "ms", measured: series(memory), baseline: series(wire) } as const;
  }));
}

function memoryRows(memory: Subject, wire: Subject): readonly MeasuredRow[] {
  // From one number of machines to the next, so that what a server holds however many there are does not count.
  const each = ({ stays }: Subject, of: (usage: Usage) => number): readonly number[] => stays.slice(1).map(({ size, usage }, index) => {
    const before = stays[index];
    return before === undefined ? NaN : (of(usage) - of(before.usage)) / (size - before.size) / 1000;
  });
  const heap = ({ heap: bytes }: Usage): number => bytes;
  const resident = ({ resident: bytes }: Usage): number => bytes;
  const state = each(memory, heap).map((value, index) => value - (each(wire, heap)[index] ?? NaN));
  return [
    { id: "state", unit: "kB", measured: { title: "heap that a machine's state takes beyond its session", values: state }, baseline: { title: "heap of its session", values: each(wire, heap) }, goal: 4 },
    { id: "state", unit: "kB", measured: { title: "resident memory of a machine, the service", values: each(memory, resident) }, baseline: { title: `the same, ${titles.wire}`, values: each(wire, resident) } },
  ];
}
