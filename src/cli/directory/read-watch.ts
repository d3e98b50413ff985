import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { readLines } from "../../base/read-lines.ts";
import { readText } from "../../base/read-text.ts";
import type { HostPort } from "../../model/settings/values.ts";
import { workloadEventSchema, type WorkloadEvent } from "../../registration/directory.ts";
import { directoryAbsent, explainFailure, parseJson, patience, renderRefusal } from "./ask-directory.ts";

// The largest workload is some kilobytes.
const longestLine = 1024 * 1024;

// So that a service whose machine vanished is not waited for: a quiet watch says nothing by itself.
const keepAlive = 15_000;

const strange = "what answers there is not a registration service of this version";

/**
 * Reads one watch of a registration service to its end. `began` hears when the service answered, by its own clock.
 * Throws DIRECTORY_ABSENT, or the signal's reason.
 */
export async function* readWatch(address: HostPort, began: (serviceTime: number) => void, signal: AbortSignal): AsyncGenerator<WorkloadEvent, void, void> {
  try {
    const response = await openWatch(address, signal);
    began(Date.parse(response.headers.date ?? ""));
    for await (const line of readLines(response, longestLine)) {
      const event = workloadEventSchema.safeParse(parseJson(line)).data;
      if (event === undefined) throw new Error(strange);
      yield event;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw directoryAbsent(address, explainFailure(error), error);
  }
}

async function openWatch({ host, port }: HostPort, signal: AbortSignal): Promise<IncomingMessage> {
  // Not fetch, which ends a response that is silent for some minutes.
  const asking = get({ host, port, path: "/v1/workloads?watch=true", signal, agent: false, timeout: patience });
  asking.once("timeout", () => asking.destroy(new DOMException("no answer", "TimeoutError")));
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(renderRefusal(response.statusCode ?? 0, await readText(response)));
  if (response.headers["content-type"] !== "application/x-ndjson") throw new Error(strange);
  response.socket.setTimeout(0).setKeepAlive(true, keepAlive);
  return response;
}
