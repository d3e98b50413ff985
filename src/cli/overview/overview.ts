import { z } from "zod";

/** What `linkerd-mesh` alone says, as `--output json` prints it. */
export const overviewSchema = z.strictObject({
  state: z.enum(["unconfigured", "misconfigured", "no-proxy", "no-identity", "no-rights", "stopped", "port-taken", "joining", "serving"]),
  /** One sentence without final stop. */
  summary: z.string(),
  next: z.strictObject({ command: z.string(), why: z.string() }),
  version: z.string(),
  os: z.enum(["linux", "win32"]),
  account: z.string(),
  parts: z.array(z.strictObject({
    part: z.enum(["harness", "settings", "identity", "proxy", "rights"]),
    good: z.boolean(),
    detail: z.string(),
  })).readonly(),
});

/** How this machine stands and the one thing to do next. */
export type Overview = z.infer<typeof overviewSchema>;
