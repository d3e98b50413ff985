import { request, type IncomingMessage } from "node:http";
import { readText } from "../base/read-text.ts";
import type { HostPort } from "../model/settings/values.ts";
import { groupsSchema } from "./directory.ts";
import type { z } from "zod";

/** Asks a registration service's admin address for one of its lists; rejects with what it said instead of one. */
export async function openDirectory({ host, port }: HostPort, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ host, port, path, agent: false, signal }).once("response", resolve).on("error", reject).end();
  const response = await promise;
  if (response.statusCode === 200) return response;
  response.destroy();
  throw new Error(`it answered with status ${response.statusCode ?? 0}`);
}

/** The groups of a registration service, and its group files that are of no use. */
export async function readGroups(address: HostPort, signal: AbortSignal): Promise<z.infer<typeof groupsSchema>> {
  return groupsSchema.parse(JSON.parse(await readText(await openDirectory(address, "/v1/groups", signal))));
}
