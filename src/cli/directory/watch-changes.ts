import { backoffDelay } from "../../base/backoff.ts";
import { isMeshError } from "../../model/errors.ts";
import { renderHostPort } from "../../model/settings/kinds/host-port.ts";
import type { HostPort } from "../../model/settings/values.ts";
import type { Host } from "../../platform/host.ts";
import type { WorkloadEvent } from "../../registration/directory.ts";
import { directoryAbsent } from "./ask-directory.ts";
import { Changes } from "./judge-changes.ts";
import { readWatch } from "./read-watch.ts";

/** A change of the workloads, and what time it is at the service. */
export interface Change {
  readonly event: WorkloadEvent;
  readonly now: Date;
}

const bounds = { first: 500, most: 10_000 } as const;

/**
 * The workloads of a registration service and what changes, until the signal. When the service is away, it is asked
 * again with growing pauses, and the log tells each new reason. Only a first call that fails is an error: DIRECTORY_ABSENT.
 */
export async function* watchChanges(address: HostPort, host: Pick<Host, "clock" | "log" | "random">, signal: AbortSignal): AsyncGenerator<Change, void, void> {
  const { clock, log } = host;
  const changes = new Changes();
  const target = renderHostPort(address);
  let [met, failures, ahead, told] = [false, 0, 0, ""];
  const began = (serviceTime: number): void => {
    ahead = Number.isNaN(serviceTime) ? 0 : serviceTime - clock.now().getTime();
  };
  const tell = (heard: WorkloadEvent): readonly Change[] => {
    if (failures > 0) log.write("info", `the registration service at ${target} answers again`);
    [met, failures, told] = [true, 0, ""];
    return changes.judge(heard).map((event) => ({ event, now: new Date(clock.now().getTime() + ahead) }));
  };
  while (!signal.aborted) {
    let why = "it ended the watch";
    try {
      for await (const event of readWatch(address, began, signal)) yield* tell(event);
    } catch (error) {
      if (signal.aborted) return;
      if (!met || !isMeshError(error, "DIRECTORY_ABSENT")) throw error;
      why = error.what;
    }
    if (!met) throw directoryAbsent(address, why);
    failures += 1;
    const delay = backoffDelay(failures, bounds, host.random());
    // A service may be away for days.
    if (why !== told) log.write("warn", `the registration service at ${target} is away: ${why}; it is asked again and again`);
    told = why;
    changes.restart();
    await clock.sleep(delay, signal).catch(() => undefined);
  }
}
