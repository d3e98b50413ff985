import { connect } from "node:net";
import type { HostPort } from "../model/settings/values.ts";
import type { Host } from "../platform/host.ts";
import type { Timings } from "./timings.ts";

/** Which service of the control plane could not be reached. */
export interface ControlPlaneReport {
  readonly reachable: boolean;
  /** Empty when both answer. */
  readonly away: readonly string[];
}

/** A service that the proxy cannot do without. */
export interface ControlPlaneService {
  readonly name: string;
  readonly address: HostPort;
}

/**
 * Watches whether the services that the proxy asks can be reached: a proxy that waits for them would hold every captured
 * connection. The first look counts at once, later ones only when a service stayed away for `controlPlanePatience`.
 */
export async function* watchControlPlane(host: Host, watch: { readonly services: readonly ControlPlaneService[]; readonly timings: Timings }, signal: AbortSignal): AsyncGenerator<ControlPlaneReport, void, void> {
  const { services, timings } = watch;
  let told: boolean | undefined;
  let awaySince = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const away = await listAway(services, timings, signal);
    if (signal.aborted) return;
    const now = host.clock.monotonic();
    if (away.length === 0) awaySince = Number.POSITIVE_INFINITY;
    else awaySince = Math.min(awaySince, now);
    const reachable = now - awaySince < timings.controlPlanePatience;
    if (reachable !== told) yield { reachable, away };
    told = reachable;
    await host.clock.sleep(timings.controlPlanePoll, signal).catch(() => undefined);
  }
}

async function listAway(services: readonly ControlPlaneService[], timings: Timings, signal: AbortSignal): Promise<readonly string[]> {
  const answers = await Promise.all(services.map(({ address }) => canConnect(address, timings.controlPlaneAnswer, signal)));
  return services.filter((_, index) => answers[index] !== true).map(({ name, address }) => `${name} at ${address.host}:${address.port}`);
}

/** True when a TCP connection is accepted in time. */
async function canConnect({ host, port }: HostPort, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
  const socket = connect({ host, port });
  socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  const giveUp = (): void => resolve(false);
  bounded.addEventListener("abort", giveUp, { once: true });
  if (bounded.aborted) giveUp();
  try {
    return await promise;
  } finally {
    bounded.removeEventListener("abort", giveUp);
    socket.destroy();
  }
}
