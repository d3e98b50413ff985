import { arch, availableParallelism, release, type } from "node:os";
import type { Growth, MeasuredRow, Row, Series } from "./figure.ts";
import { summarise, type Summary } from "./statistics.ts";

/** The whole result, as `--output json` prints it. */
export interface Report {
  readonly node: string;
  readonly system: string;
  readonly cores: number;
  readonly proxy: string;
  readonly seconds: number;
  readonly figures: readonly Judged[];
}

/** A row with its medians, spreads and ratio. */
export type Judged =
  | { readonly id: string; readonly unit: string; readonly measured: Titled; readonly baseline: Titled; readonly ratio?: number; readonly goal?: number; readonly leastRatio?: number; readonly mostRatio?: number; readonly met?: boolean }
  | { readonly id: string; readonly growth: Growth }
  | { readonly id: string; readonly notMeasured: string };

interface Titled extends Summary {
  readonly title: string;
}

/** Gathers everything that belongs to the result. */
export function createReport(rows: readonly Row[], seconds: number): Report {
  return {
    node: process.version, system: `${type()} ${release().split("-")[0] ?? ""} ${arch()}`, cores: availableParallelism(),
    proxy: process.env["PROXY_PATH"] === undefined ? "our own small proxy" : "our own small proxy, and the one of PROXY_PATH",
    seconds: round(seconds), figures: rows.map(judge),
  };
}

/** The table, for people. */
export function renderReport(report: Report): string {
  const head = ["figure", "what", "median (least to most)", "baseline", "median (least to most)", "ratio", "goal"];
  const rows = report.figures.map((figure) => ("notMeasured" in figure ? [figure.id, `not measured: ${figure.notMeasured}`] : "growth" in figure ? [figure.id, renderGrowth(figure.growth)] : cells(figure)));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.filter((row) => row.length === head.length).map((row) => row[column]?.length ?? 0)));
  const lines = [head, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
  return [...lines, "", `${report.system}, ${report.cores} cores, Node ${report.node}, ${report.proxy}; in ${report.seconds} s`, ""].join("\n");
}

/** One judged row as text, for progress. */
export function renderRow(row: Row): string {
  const judged = judge(row);
  if ("growth" in judged) return `${judged.id}  ${renderGrowth(judged.growth)}`;
  return "notMeasured" in judged ? `${judged.id}: not measured: ${judged.notMeasured}` : cells(judged).join("  ");
}

function judge(row: Row): Judged {
  if ("why" in row) return { id: row.id, notMeasured: row.why };
  if ("growth" in row) return row;
  const [measured, baseline] = [title(row.measured), title(row.baseline)];
  return { id: row.id, unit: row.unit, measured, baseline, ...(baseline.median > 0 ? { ratio: round(measured.median / baseline.median) } : {}), ...judgePromise(row, measured.median, baseline.median) };
}

function judgePromise({ goal, leastRatio, mostRatio }: MeasuredRow, measured: number, baseline: number): Pick<Extract<Judged, { measured: Titled }>, "goal" | "leastRatio" | "mostRatio" | "met"> {
  if (goal !== undefined) return { goal, met: measured < goal };
  if (leastRatio !== undefined) return { leastRatio, met: measured >= leastRatio * baseline };
  return mostRatio === undefined ? {} : { mostRatio, met: measured <= mostRatio * baseline };
}

function title({ title: name, values }: Series): Titled {
  const { runs, median, least, most } = summarise(values);
  return { title: name, runs, median: round(median), least: round(least), most: round(most) };
}

function cells({ id, unit, measured, baseline, ratio, goal, leastRatio, mostRatio, met }: Extract<Judged, { measured: Titled }>): string[] {
  const spread = ({ median, least, most }: Summary): string => `${median} ${unit} (${least} to ${most})`;
  const promise = goal !== undefined ? `< ${goal}` : leastRatio !== undefined ? `≥ ${leastRatio} ×` : mostRatio !== undefined ? `≤ ${mostRatio} ×` : undefined;
  return [id, measured.title, spread(measured), baseline.title, spread(baseline), ratio === undefined ? "" : `${ratio} ×`, promise === undefined ? "" : `${promise}: ${met === true ? "met" : "missed"}`];
}

function renderGrowth({ title, unit, lines }: Growth): string {
  return `${title}: ${lines.map((line) => `${line.title} ${line.points.map(([machines, value]) => `${round(value)} ${unit} at ${machines}`).join(", ")}`).join("; ")}`;
}

/** Three figures are more than any of this is exact to. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}
