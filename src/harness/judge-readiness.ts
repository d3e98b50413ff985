import { judgeProxyVersion } from "../model/proxy-version.ts";
import type { ProxyMetrics } from "./proxy-metrics.ts";

/** What was seen of the running proxy. */
export interface ProxyObservation {
  /** Status of `GET /ready`; undefined when nobody answered. */
  readonly ready: number | undefined;
  readonly metrics: ProxyMetrics | undefined;
  /** Process that listens on each port of the proxy; undefined where nobody does or the system does not tell. */
  readonly listeners: readonly { readonly port: number; readonly pid: number | undefined }[];
  readonly proxyPid: number;
  readonly now: Date;
}

/** `unfit` is a proxy that no waiting will make right. */
export type Readiness =
  | { readonly verdict: "ready"; readonly version: string | undefined }
  | { readonly verdict: "unready"; readonly why: string }
  | { readonly verdict: "foreign"; readonly why: string }
  | { readonly verdict: "unfit"; readonly why: string };

/**
 * Judges whether the proxy would serve. Its `/ready` alone does not tell: it can be 200 although the identity task has
 * died, and it never goes back; so the certificate must be there and valid, and the ports must be the proxy's own.
 */
export function judgeReadiness(seen: ProxyObservation): Readiness {
  const foreign = seen.listeners.find(({ pid }) => pid !== undefined && pid !== seen.proxyPid);
  if (foreign !== undefined) return { verdict: "foreign", why: `port ${foreign.port} is listened on by process ${foreign.pid}, which is not our proxy` };
  const unfit = seen.metrics?.version === undefined ? undefined : judgeProxyVersion(seen.metrics.version);
  if (unfit !== undefined) return { verdict: "unfit", why: unfit };
  const why = findObstacle(seen);
  return why === undefined ? { verdict: "ready", version: seen.metrics?.version } : { verdict: "unready", why };
}

function findObstacle({ ready, metrics, now }: ProxyObservation): string | undefined {
  if (ready === undefined) return "its admin port does not answer yet";
  if (metrics === undefined) return "it does not show its metrics";
  if (metrics.certificateExpires === undefined) return "it has no certificate yet";
  if (metrics.certificateExpires * 1000 <= now.getTime()) return `its certificate ended at ${new Date(metrics.certificateExpires * 1000).toISOString()}`;
  return ready === 200 ? undefined : `it answers /ready with ${ready}`;
}
