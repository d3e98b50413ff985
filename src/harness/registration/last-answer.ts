import { z } from "zod";
import { parseJson } from "../../base/parse-json.ts";
import type { RegisteredMachine } from "../../registration/messages-calls.ts";

const key = z.object({ namespace: z.string(), name: z.string() });
const host = z.string();
const port = z.int().min(1).max(65_535);

const probe = z.object({
  action: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("httpGet"), host, port, path: z.string(), scheme: z.enum(["HTTP", "HTTPS"]), headers: z.record(z.string(), z.string()) }),
    z.object({ kind: z.literal("tcpSocket"), host, port }),
    z.object({ kind: z.literal("grpc"), port, service: z.string() }),
    z.object({ kind: z.literal("exec"), command: z.array(z.string()).min(1) }),
  ]),
  initialDelaySeconds: z.number(), periodSeconds: z.number(), timeoutSeconds: z.number(), successThreshold: z.number(), failureThreshold: z.number(),
});

const answer = z.object({
  workload: key, uid: z.string(), identity: z.string(), serverName: z.string(),
  lease: z.object({ token: z.string(), duration: z.number(), renewInterval: z.number(), deregisterAfter: z.number() }),
  probe: probe.optional(),
  ports: z.array(z.object({ name: z.string(), port, protocol: z.enum(["TCP", "UDP"]) })),
  proxy: z.record(z.string(), z.string()),
  configVersion: z.string(),
});

const fileSchema = z.object({
  version: z.literal(1),
  /** Whom the service answered. */
  identity: z.string(),
  group: key,
  incarnation: z.object({ instanceId: z.string(), incarnationId: z.string(), startedAt: z.coerce.date(), epoch: z.int().min(1) }),
  savedAt: z.coerce.date(),
  answer,
});

/** The last answer of the registration service, for a start without it and for leaving without a harness; holds the lease's token. */
export interface LastAnswer extends Omit<z.infer<typeof fileSchema>, "version" | "answer"> {
  readonly answer: RegisteredMachine;
}

/** Reads the file's text; undefined for what this version did not write. */
export function parseLastAnswer(text: string): LastAnswer | undefined {
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { version: _version, answer: { probe: asked, ...rest }, ...more } = parsed.data;
  return { ...more, answer: { ...rest, probe: asked } };
}

/** The file's text. */
export function renderLastAnswer(last: LastAnswer): string {
  return `${JSON.stringify({ version: 1, ...last }, undefined, 2)}\n`;
}
