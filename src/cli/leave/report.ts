import { z } from "zod";

/** What `leave` prints with --output json. */
export const leaveReportSchema = z.object({
  /** `left`: told, and gone when it has drained; `nothing`: nothing was registered; `untold`: nobody could be told, so it expires; `by-hand`: somebody made the workload by hand and deletes it so. */
  outcome: z.enum(["left", "nothing", "untold", "by-hand"]),
  workload: z.string().optional(),
  /** How long peers take to notice. */
  drainSeconds: z.number().optional(),
  /** Ended with it; absent where none ran. */
  harness: z.enum(["ended", "still ending"]).optional(),
  problem: z.object({ code: z.string(), what: z.string(), remedy: z.string() }).optional(),
});

/** How a machine left. */
export type LeaveReport = z.infer<typeof leaveReportSchema>;

/** The report for people. */
export function renderLeave({ outcome, workload, drainSeconds, harness, problem }: LeaveReport): string {
  const ended = harness === undefined ? "" : harness === "ended" ? " Its harness has ended; it registers again when it is started." : " Its harness is still ending.";
  switch (outcome) {
    case "left": return `${workload ?? "This machine"} has left: not ready at once, and gone after it has drained (${drainSeconds ?? 0} s).${ended}`;
    case "nothing": return `Nothing is registered from this machine.${ended}`;
    case "by-hand": return `${workload ?? "Its workload"} was made by hand and stays: kubectl delete externalworkload ${renderKubectl(workload)}.${ended}`;
    case "untold": return [
      `The registration service could not be told that ${workload ?? "this machine"} leaves; it takes it for gone when the lease ends.${ended}`,
      ...(problem === undefined ? [] : [`  ${problem.code}: ${problem.what}`, `  next: ${problem.remedy}`]),
    ].join("\n");
  }
}

function renderKubectl(workload: string | undefined): string {
  const [namespace = "NAMESPACE", name = "NAME"] = (workload ?? "").split("/");
  return workload === undefined ? "NAME -n NAMESPACE" : `${name} -n ${namespace}`;
}
