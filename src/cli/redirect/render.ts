import type { RedirectReport } from "./report.ts";

/** The report for people. */
export function renderRedirect(report: RedirectReport): string {
  const detail = report.harness.detail === undefined ? "" : ` (${report.harness.detail})`;
  const held = report.ownerPid === undefined ? "" : `, held by process ${report.ownerPid}`;
  return [
    report.summary,
    `  desired   ${report.desired}`,
    `  in force  ${report.state}${held}`,
    `  harness   ${report.harness.state} at ${report.harness.address}${detail}`,
    ...report.drift.map((line) => `  differs   ${line}`),
    ...(report.next === undefined ? [] : [`  next      ${report.next}`]),
  ].join("\n");
}
