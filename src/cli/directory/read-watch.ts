import type { IncomingMessage } from "node:http";
import { parseJson } from "../../base/parse-json.ts";
import { readLines } from "../../base/read-lines.ts";
import type { HostPort } from "../../model/settings/values.ts";
import { workloadEventSchema, type WorkloadEvent } from "../../registration/directory.ts";
import { openDirectory } from "../../registration/open-directory.ts";
import { directoryAbsent, explainFailure, strange } from "./ask-directory.ts";

// The largest workload is some kilobytes.
const longestLine = 1024 * 1024;

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

async function openWatch(address: HostPort, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await openDirectory(address, "/v1/workloads?watch=true", signal);
  if (response.headers["content-type"] === "application/x-ndjson") return response;
  response.destroy();
  throw new Error(strange);
}
