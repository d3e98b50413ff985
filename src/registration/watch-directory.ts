import { backoffDelay } from "../base/backoff.ts";
import { readLines } from "../base/read-lines.ts";
import type { HostPort } from "../model/settings/values.ts";
import type { Clock, Log } from "../platform/host.ts";
import { workloadEventSchema, type WorkloadEntry, type WorkloadEvent } from "./directory.ts";
import { openDirectory } from "./open-directory.ts";

/** Where the lists of a registration service are, and what following them needs. */
export interface DirectorySource {
  /** The service's admin address. */
  readonly address: HostPort;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
}

/** Pauses between attempts to reach the service, milliseconds. */
const retryBounds = { first: 100, most: 2_000 };

/** No workload is described in more characters. */
const longestLine = 1_048_576;

/**
 * Every registered machine, all of them, again after each change; comes back by itself after every failure, and ends with
 * the signal. While the service is away nothing is yielded: what was known stands, as it would with its Kubernetes objects.
 */
export async function* watchDirectory(source: DirectorySource, signal: AbortSignal): AsyncGenerator<readonly WorkloadEntry[], void, void> {
  let failures = 0;
  for (;;) {
    let why = "the service ended its answer";
    try {
      for await (const entries of watchOnce(source, signal)) {
        failures = 0;
        yield entries;
      }
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    if (signal.aborted) return;
    failures += 1;
    // Once for each time that it goes away: it may be away for long.
    if (failures === 1) source.log.write("warn", "the registration service does not tell its workloads; trying again", { why });
    await source.clock.sleep(backoffDelay(failures, retryBounds, source.random()), signal).catch(() => undefined);
  }
}

async function* watchOnce({ address }: DirectorySource, signal: AbortSignal): AsyncGenerator<readonly WorkloadEntry[], void, void> {
  const response = await openDirectory(address, "/v1/workloads?watch=true", signal);
  const entries = new Map<string, WorkloadEntry>();
  let synced = false;
  for await (const line of readLines(response, longestLine)) {
    const event = workloadEventSchema.parse(JSON.parse(line));
    note(entries, event);
    synced ||= event.event === "synced";
    // Before that it is a part, and a part would look like a loss.
    if (synced) yield [...entries.values()];
  }
}

function note(entries: Map<string, WorkloadEntry>, event: WorkloadEvent): void {
  if (event.event === "synced") return;
  const key = `${event.workload.namespace}/${event.workload.name}`;
  if (event.event === "deleted") entries.delete(key);
  else entries.set(key, event.workload);
}
