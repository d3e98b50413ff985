import { isLoopback } from "../model/settings/ip.ts";
import type { HostPort } from "../model/settings/values.ts";
import type { Host } from "../platform/host.ts";
import { dial, type TlsIdentity } from "./dial.ts";
import type { Timings } from "./timings.ts";

/** How Linkerd's services stand. */
export interface ControlPlaneReport {
  /** False once a service stayed away for longer than patience goes: captured traffic is withheld then. */
  readonly reachable: boolean;
  /** What did not answer at the last look, each with its reason; none when all did. */
  readonly away: readonly string[];
}

/** A service that the proxy cannot do without. */
export interface ControlPlaneService {
  readonly name: string;
  readonly address: HostPort;
  /** TLS name that must answer there. */
  readonly serverName: string;
}

/** What watching the control plane needs. */
export interface ControlPlaneWatch {
  /** Where they are by the settings of the moment. */
  readonly services: () => readonly ControlPlaneService[];
  readonly timings: Timings;
  /** Our identity of the moment; without one only TCP is tried. */
  readonly identity: () => TlsIdentity | undefined;
}

/**
 * Watches whether the services that the proxy asks answer: a proxy that waits for them would hold every captured
 * connection. The first look counts at once, later ones only when a service stayed away for `controlPlanePatience`.
 * Yields when the report changes.
 */
export async function* watchControlPlane(host: Host, watch: ControlPlaneWatch, signal: AbortSignal): AsyncGenerator<ControlPlaneReport, void, void> {
  const { timings } = watch;
  let told: string | undefined;
  let awaySince = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const away = await listAway(watch, signal);
    if (signal.aborted) return;
    const now = host.clock.monotonic();
    awaySince = away.length === 0 ? Number.POSITIVE_INFINITY : Math.min(awaySince, now);
    const reachable = now - awaySince < timings.controlPlanePatience;
    const news = JSON.stringify({ reachable, away });
    if (news !== told) yield { reachable, away };
    told = news;
    await host.clock.sleep(timings.controlPlanePoll, signal).catch(() => undefined);
  }
}

/** Looks once: what does not answer, each with its reason. */
export async function listAway({ services: listServices, timings, identity }: ControlPlaneWatch, signal: AbortSignal): Promise<readonly string[]> {
  const services = listServices();
  const own = identity();
  const failures = await Promise.all(services.map(({ address, serverName }) => {
    // The proxy too speaks plaintext to a control plane on a loopback address, as a simulator's may be.
    const tls = own === undefined || isLoopback(address.host) ? undefined : { ...own, serverName };
    return dial({ address, tls, milliseconds: timings.controlPlaneAnswer }, signal);
  }));
  return services.flatMap(({ name, address }, index) => {
    const failure = failures[index];
    return failure === undefined ? [] : [`${name} at ${address.host}:${address.port} (${failure})`];
  });
}
