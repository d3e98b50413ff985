import { z } from "zod";
import type { Status } from "./status.ts";

const problem = z.object({ code: z.string(), doing: z.string(), what: z.string(), remedy: z.string() });
const part = z.object({ good: z.boolean(), detail: z.string(), problem: problem.optional() });
const steering = z.enum(["redirect", "refuse", "off"]);
const phases = [
  "waitIdentity", "registering", "waitRegistration", "startingProxy", "waitProxyReady", "enableRedirect", "serving",
  "withheld", "restarting", "backoff", "draining", "deregistering", "stopping", "stopped",
] as const;

/** Schema of what the harness answers at `GET /status` and `linkerd-mesh status` prints. */
export const statusSchema = z.object({
  state: z.enum(phases),
  since: z.iso.datetime(),
  ready: z.boolean(),
  reason: z.string().optional(),
  version: z.string(),
  instance: z.object({ id: z.string(), epoch: z.int() }),
  workload: z.object({ name: z.string(), namespace: z.string(), identity: z.string(), serverName: z.string() }).optional(),
  identity: part.extend({ expires: z.iso.datetime().optional() }),
  registration: part.extend({ lease: z.object({ state: z.enum(["held", "stale"]), renewed: z.iso.datetime(), until: z.iso.datetime() }).optional() }),
  proxy: part.extend({ pid: z.int().optional(), version: z.string().optional() }),
  redirect: part.extend({ wanted: steering, inForce: steering, operator: z.enum(["on", "off"]), drift: z.array(z.string()) }),
  application: part,
  controlPlane: part,
});

/** The status as anybody reads it from the wire; assigning it shows that schema and type are the same. */
export function parseStatus(value: unknown): Status | undefined {
  return statusSchema.safeParse(value).data as Status | undefined;
}
