import type { Report } from "./report.ts";

/** The settings as a table, then what is worth knowing, then what is wrong. */
export function renderReport(report: Report): string {
  return [renderSettings(report), ...renderJudgement(report)].join("\n");
}

/** Notices and problems, one after the other, each problem with its next step. */
export function renderJudgement({ notices, problems }: Pick<Report, "notices" | "problems">): string[] {
  return [
    ...notices.map(({ message }) => `note: ${renderSentence(message)}`),
    ...problems.flatMap(({ code, message, remedy }) => [`problem: ${renderSentence(message)}`, `  code   ${code}`, `  next   ${remedy}`]),
  ];
}

/** "No problem", "1 problem", "3 problems". */
export function renderCount(count: number): string {
  return count === 0 ? "No problem" : `${count} problem${count === 1 ? "" : "s"}`;
}

function renderSettings({ settings }: Report): string {
  const rows = settings.map(({ setting, value, origin, saidBy }) => [setting, renderValue(value), saidBy ?? origin ?? ""] as const);
  const width = (column: 0 | 1): number => Math.min(90, Math.max(...rows.map((row) => row[column].length)));
  return rows.map(([setting, value, from]) => `${setting.padEnd(width(0))}  ${value.padEnd(width(1))}  ${from}`.trimEnd()).join("\n");
}

function renderSentence(text: string): string {
  return /[.!?]$/u.test(text) ? text : `${text}.`;
}

function renderValue(value: string | undefined): string {
  if (value === undefined) return "-";
  return value === "" ? "(none)" : value;
}
