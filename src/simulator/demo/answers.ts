import { z } from "zod";

/** What the demo reads of the harness's status. */
export const machineStatus = z.object({
  state: z.string(),
  ready: z.boolean(),
  reason: z.string().optional(),
  identity: z.object({ good: z.boolean(), detail: z.string() }),
  proxy: z.object({ good: z.boolean(), detail: z.string(), version: z.string().optional() }),
  redirect: z.object({ good: z.boolean(), detail: z.string(), inForce: z.string() }),
});

/** A machine's status, as far as the demo reads it. */
export type MachineStatus = z.infer<typeof machineStatus>;

/** What a request got. */
export const requestAnswer = z.object({
  ok: z.boolean(),
  status: z.number().optional(),
  body: z.string().optional(),
  error: z.string().optional(),
  identity: z.string().optional(),
  serial: z.string().optional(),
  tlsVersion: z.string().optional(),
});

/** The answer to a request. */
export type RequestAnswer = z.infer<typeof requestAnswer>;

/** What a far end tells of a request, in its body. */
export const echoBody = z.object({
  server: z.string(),
  /** Of the machine whose application it is. */
  address: z.string().optional(),
  identity: z.string().optional(),
  tlsVersion: z.string().optional(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())]).optional()),
});

/** Any object at all. */
export const anything = z.object({});
