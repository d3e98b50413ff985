import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { parseJson } from "../../base/parse-json.ts";
import { MeshError } from "../../model/errors.ts";
import { renderHostPort } from "../../model/settings/kinds/host-port.ts";
import type { HostPort } from "../../model/settings/values.ts";
import { groupsSchema, workloadsSchema } from "../../registration/directory.ts";
import { directoryPatience, openDirectory } from "../../registration/open-directory.ts";
import { nobodyListens } from "../nobody-listens.ts";

/** A list, and what time it was at the service when it gave it. */
export interface Answer<T> {
  readonly list: T;
  readonly now: Date;
}

/** The groups of the registration service at that address. */
export function askGroups(address: HostPort, ask: { readonly now: Date; readonly signal: AbortSignal }): Promise<Answer<z.infer<typeof groupsSchema>>> {
  return askList({ address, path: "/v1/groups", schema: groupsSchema }, ask);
}

/** The workloads of the registration service at that address. */
export function askWorkloads(address: HostPort, ask: { readonly now: Date; readonly signal: AbortSignal }): Promise<Answer<z.infer<typeof workloadsSchema>>> {
  return askList({ address, path: "/v1/workloads", schema: workloadsSchema }, ask);
}

/** Nobody, or somebody else, is at the address. */
export function directoryAbsent(address: HostPort, what: string, cause?: unknown): MeshError {
  const target = renderHostPort(address);
  return new MeshError("DIRECTORY_ABSENT", { doing: `asking the registration service at ${target}`, what, target, cause });
}

/** What is said of an answer that cannot be used. */
export const strange = "what answers there is not a registration service of this version";

/** What is wrong with a connection, for people. */
export function explainFailure(error: unknown): string {
  if (nobodyListens(error)) return "nobody answers there";
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError") return `it did not answer within ${directoryPatience / 1000} s`;
  return cause.message;
}

// Far more than the largest fleet, and too little to fill this machine's memory.
const longestList = 256 * 1024 * 1024;

interface Question<T> {
  readonly address: HostPort;
  readonly path: string;
  readonly schema: z.ZodType<T>;
}

async function askList<T>({ address, path, schema }: Question<T>, { now, signal }: { readonly now: Date; readonly signal: AbortSignal }): Promise<Answer<T>> {
  const { date, body } = await readAnswer(address, path, signal);
  const list = schema.safeParse(parseJson(body)).data;
  if (list === undefined) throw directoryAbsent(address, strange);
  // The service's own clock, where it tells it: ages then do not depend on this machine's.
  return { list, now: Number.isNaN(date) ? now : new Date(date) };
}

async function readAnswer(address: HostPort, path: string, signal: AbortSignal): Promise<{ readonly date: number; readonly body: string }> {
  try {
    const response = await openDirectory(address, path, AbortSignal.any([signal, AbortSignal.timeout(directoryPatience)]));
    return { date: Date.parse(response.headers.date ?? ""), body: await readBounded(response) };
  } catch (error) {
    signal.throwIfAborted();
    throw directoryAbsent(address, explainFailure(error), error);
  }
}

async function readBounded(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of response.setEncoding("utf8")) {
    text += String(part);
    if (text.length > longestList) throw new RangeError("its answer does not end");
  }
  return text;
}
