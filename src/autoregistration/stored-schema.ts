import { z } from "zod";
import type { LeaseObject, ReadyCondition, WorkloadObject } from "./objects.ts";

const key = z.object({ namespace: z.string(), name: z.string() });
const texts = z.record(z.string(), z.string());

/** An ExternalWorkload's object as it stands on disk. */
export const workloadObjectSchema: z.ZodType<WorkloadObject> = z.object({
  key,
  group: z.string(),
  identity: z.string(),
  serverName: z.string(),
  instanceId: z.string(),
  labels: texts,
  machineLabels: texts,
  annotations: texts,
  addresses: z.array(z.string()),
  inboundPort: z.number(),
  ports: z.array(z.object({ name: z.string(), port: z.number(), protocol: z.enum(["TCP", "UDP"]) })),
  facts: z.object({ os: z.string(), hostname: z.string(), zone: z.string(), harnessVersion: z.string(), proxyVersion: z.string() }),
});

/** A condition as it stands on disk. */
export const conditionSchema: z.ZodType<ReadyCondition> = z.object({ ready: z.boolean(), reason: z.string(), message: z.string(), since: z.string() });

/** A lease as it stands on disk. */
export const leaseObjectSchema: z.ZodType<LeaseObject> = z.object({
  key,
  incarnationId: z.string(),
  epoch: z.number(),
  renewedAt: z.number(),
  duration: z.number(),
  registeredAt: z.number(),
  healthSeq: z.number(),
  duplicateAt: z.number().exactOptional(),
  drainingSince: z.number().exactOptional(),
  leaving: z.boolean().exactOptional(),
  expiredAt: z.number().exactOptional(),
});
