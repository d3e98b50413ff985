import { z } from "zod";

const port = z.object({ name: z.string(), port: z.int(), protocol: z.enum(["TCP", "UDP"]) });
const labels = z.record(z.string(), z.string());

/** How the application of a group's machines is probed. */
const probe = z.object({
  /** One line: `HTTP GET http://127.0.0.1:8080/ready`, `TCP 127.0.0.1:5432`, `gRPC 127.0.0.1:9000 shop.Orders`, `exec /usr/bin/check`. */
  action: z.string(),
  initialDelaySeconds: z.int(),
  periodSeconds: z.int(),
  timeoutSeconds: z.int(),
  successThreshold: z.int(),
  failureThreshold: z.int(),
});

/** A group as the registration service has read it, and how many machines it has. */
export const groupEntrySchema = z.object({
  namespace: z.string(),
  name: z.string(),
  /** Who may join: the group's own list, or the service's default where the group says nothing. */
  identities: z.array(z.string()),
  identitiesFrom: z.enum(["group", "default"]),
  allowedCidrs: z.array(z.string()),
  allowedLabels: z.array(z.string()),
  maxWorkloads: z.int().optional(),
  labels,
  ports: z.array(port),
  probe: probe.optional(),
  /** What the group tells a machine's proxy, by the name of the manifest's field. */
  proxy: labels,
  renewSeconds: z.number(),
  leaseSeconds: z.number(),
  /** 0 is never. */
  deregisterAfterSeconds: z.number(),
  drainSeconds: z.number(),
  onDeregister: z.enum(["Delete", "KeepNotReady"]),
  configVersion: z.string(),
  machines: z.object({ total: z.int(), ready: z.int() }),
});

/** A group file that could not be used, and why. */
export const groupTroubleSchema = z.object({ file: z.string(), problems: z.array(z.string()) });

/** `GET /v1/groups`. */
export const groupsSchema = z.object({ groups: z.array(groupEntrySchema), troubles: z.array(groupTroubleSchema) });

/** A machine as the registration service keeps it. Times are ISO 8601. */
export const workloadEntrySchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  group: z.string(),
  identity: z.string(),
  serverName: z.string(),
  instanceId: z.string(),
  addresses: z.array(z.string()),
  inboundPort: z.int(),
  ports: z.array(port),
  labels,
  createdAt: z.iso.datetime(),
  ready: z.boolean(),
  reason: z.string(),
  message: z.string(),
  /** Last change of `ready`; absent before the first condition. */
  since: z.iso.datetime().optional(),
  lease: z.object({
    state: z.enum(["live", "draining", "expired", "none"]),
    epoch: z.int().optional(),
    renewedAt: z.iso.datetime().optional(),
    /** When it counts as dead unless it renews. */
    expiresAt: z.iso.datetime().optional(),
  }),
  /** What the machine says of itself; nothing is decided by it. */
  machine: z.object({ os: z.string(), hostname: z.string(), zone: z.string(), harnessVersion: z.string(), proxyVersion: z.string() }),
});

/** `GET /v1/workloads`. */
export const workloadsSchema = z.object({ workloads: z.array(workloadEntrySchema) });

/** One line of `GET /v1/workloads?watch=true` (NDJSON): first every workload as `added`, then `synced`, then what changes. */
export const workloadEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.enum(["added", "modified", "deleted"]), workload: workloadEntrySchema }),
  z.object({ event: z.literal("synced") }),
]);

/** A group in the service's list. */
export type GroupEntry = z.infer<typeof groupEntrySchema>;

/** A group file that could not be used. */
export type GroupTrouble = z.infer<typeof groupTroubleSchema>;

/** A machine in the service's list. */
export type WorkloadEntry = z.infer<typeof workloadEntrySchema>;

/** A line of the watch. */
export type WorkloadEvent = z.infer<typeof workloadEventSchema>;
