import { z } from "zod";
import { logLevels } from "../../model/log-record.ts";

/** An entry of the harness's log. */
export const logEntrySchema = z.strictObject({
  time: z.iso.datetime({ offset: true }).optional().describe("When; absent where a line does not say and none before it did"),
  level: z.enum(logLevels),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
});

/** An entry of the harness's log. */
export type LogEntry = z.infer<typeof logEntrySchema>;
