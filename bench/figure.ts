import type { Program } from "./stage/programs.ts";

/** Several runs of one thing. */
export interface Series {
  readonly title: string;
  readonly values: readonly number[];
}

/** One line of the result: a thing measured beside its baseline, or why it was not; or how something grows. */
export type Row = MeasuredRow | UnmeasuredRow | GrowthRow;

/** A measured line. */
export interface MeasuredRow {
  readonly id: string;
  readonly unit: Unit;
  readonly measured: Series;
  /** What the ratio is against; measured in the same run. */
  readonly baseline: Series;
  /** The median that the product promises to stay below. */
  readonly goal?: number;
  /** Where more is better: the ratio that the product promises to reach. */
  readonly leastRatio?: number;
  /** Where less is better: the ratio that the product promises not to exceed. */
  readonly mostRatio?: number;
}

/** What could not be measured here. */
export interface UnmeasuredRow {
  readonly id: string;
  readonly why: string;
}

/** How something grows with the number of machines, for `--plot`. */
export interface GrowthRow {
  readonly id: string;
  readonly growth: Growth;
}

/** One panel of a plot: lines over the number of machines. */
export interface Growth {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly GrowthLine[];
}

/** A line of a plot: machines and value, by number of machines. */
export interface GrowthLine {
  readonly title: string;
  readonly points: readonly (readonly [machines: number, value: number])[];
}

/** Units in which rows are given. */
export type Unit = "ms" | "µs" | "MiB" | "kB" | "s" | "ms of CPU in 20 s" | "per core second" | "machines per core" | "s of CPU";

/** What every figure is given. */
export interface Bench {
  /** The program as it stands in the sources, and as users will get it. */
  readonly sources: Program;
  readonly executable: Program;
  readonly signal: AbortSignal;
}

/** A subject that is measured: it gives rows, or says what it lacks. */
export interface Figure {
  readonly id: string;
  /** Why it cannot be measured on this machine; undefined when it can. */
  readonly obstacle: () => string | undefined | Promise<string | undefined>;
  readonly measure: (bench: Bench) => Promise<readonly Row[]>;
}

/** Milliseconds that something takes. */
export async function time(what: () => Promise<unknown> | void): Promise<number> {
  const start = performance.now();
  await what();
  return performance.now() - start;
}

/** Runs things in turns, so that whatever else the machine does meets all alike; one series of values for each. */
export async function takeTurns<Name extends string>(runs: number, things: Readonly<Record<Name, () => Promise<number>>>): Promise<Record<Name, number[]>> {
  const names = Object.keys(things) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let run = 0; run < runs; run += 1) {
    for (const name of names) values[name].push(await things[name]());
  }
  return values;
}
