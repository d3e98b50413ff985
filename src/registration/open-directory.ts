import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { z } from "zod";
import { parseJson } from "../base/parse-json.ts";
import { readText } from "../base/read-text.ts";
import type { HostPort } from "../model/settings/values.ts";
import { groupsSchema } from "./directory.ts";

/** How long a service may take to begin an answer, milliseconds. */
export const directoryPatience = 5000;

// So that a service whose machine vanished is not waited for: a quiet watch says nothing by itself.
const keepAlive = 15_000;

// More than any refusal says.
const longestRefusal = 65_536;

// Its lists tell an error, its readiness a reason.
const failureSchema = z.union([z.looseObject({ error: z.string() }), z.looseObject({ reason: z.string() }).transform(({ reason }) => ({ error: reason }))]);

/** Asks a registration service's admin address for one of its lists; rejects with what it said instead of one. */
export async function openDirectory({ host, port }: HostPort, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  // Not fetch, which ends a response that is silent for some minutes.
  const asking = request({ host, port, path, agent: false, signal, timeout: directoryPatience });
  asking.once("timeout", () => asking.destroy(new DOMException("no answer", "TimeoutError"))).end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(await explainRefusal(response));
  response.socket.setTimeout(0).setKeepAlive(true, keepAlive);
  return response;
}

/** The groups of a registration service, and its group files that are of no use. */
export async function readGroups(address: HostPort, signal: AbortSignal): Promise<z.infer<typeof groupsSchema>> {
  return groupsSchema.parse(JSON.parse(await readText(await openDirectory(address, "/v1/groups", signal))));
}

async function explainRefusal(response: IncomingMessage): Promise<string> {
  const status = response.statusCode ?? 0;
  const told = failureSchema.safeParse(parseJson(await readStart(response))).data;
  return told === undefined ? `what answers there is not a registration service of this version (status ${status})` : `it answers with status ${status}: ${told.error}`;
}

async function readStart(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of response.setEncoding("utf8")) {
    text += String(part);
    if (text.length > longestRefusal) break;
  }
  return text;
}
