import { z } from "zod";
import { errorCatalogue } from "../model/error-catalogue.ts";
import type { Command } from "./command.ts";

const progress = z.strictObject({
  type: z.literal("progress"),
  activity: z.string(),
  status: z.string(),
  percent: z.number().min(0).max(100).optional(),
});

const log = z.strictObject({
  type: z.literal("log"),
  level: z.enum(["trace", "debug", "info", "warn", "error"]),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
});

const error = z.strictObject({
  type: z.literal("error"),
  code: z.enum(Object.keys(errorCatalogue)),
  category: z.enum(Object.values(errorCatalogue).map(({ category }) => category)),
  message: z.string(),
  hint: z.string(),
  target: z.string().optional(),
  item: z.string().optional(),
});

/** Each line of stderr under `--progress json`. */
export const stderrLine = z.discriminatedUnion("type", [progress, log, error]);

/** The schema of a command's objects, or undefined when it prints none. */
export async function outputSchema({ output }: Command): Promise<z.ZodType | undefined> {
  return typeof output === "function" ? await output() : output;
}

/** A JSON schema (draft 2020-12) of what fits this zod schema. */
export function toJsonSchema(schema: z.ZodType): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(schema);
}
