import { z } from "zod";

/** What the redirect commands answer. */
export const redirectReportSchema = z.object({
  /** In force, as the system tells it; `unknown` when this account may not look. */
  state: z.enum(["on", "refusing", "off", "foreign", "unknown"]),
  /** What shall be: the harness's word when it answers, else the setting. */
  desired: z.enum(["on", "off"]),
  harness: z.object({ address: z.string(), state: z.enum(["answering", "absent", "strange"]), detail: z.string().optional() }),
  /** The process that holds the rules. */
  ownerPid: z.number().optional(),
  /** Differences between the rules in force and those that the settings mean. */
  drift: z.array(z.string()),
  summary: z.string(),
  /** What to do next, when something is to be done. */
  next: z.string().optional(),
});

/** What the redirect commands answer. */
export type RedirectReport = z.infer<typeof redirectReportSchema>;
