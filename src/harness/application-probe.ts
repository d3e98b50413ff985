import { request } from "node:http";
import type { Probe } from "../model/settings/values.ts";
import type { Host } from "../platform/host.ts";
import { dial } from "./dial.ts";
import { planThreshold, initialVerdict, type Verdict } from "./probe-threshold.ts";
import type { Timings } from "./timings.ts";

/** Asks the application whether it is ready, again and again; yields when the verdict changes. */
export async function* watchApplication(host: Host, watch: { readonly probe: Probe; readonly timings: Timings }, signal: AbortSignal): AsyncGenerator<Verdict, void, void> {
  let verdict = initialVerdict;
  while (!signal.aborted) {
    const failure = await askApplication(watch.probe, watch.timings.probeAnswer, signal);
    if (signal.aborted) return;
    const next = planThreshold(verdict, failure);
    if (next.ready !== verdict.ready || next.why !== verdict.why) yield next;
    verdict = next;
    await host.clock.sleep(watch.timings.probePeriod, signal).catch(() => undefined);
  }
}

/** Why the application did not pass within `milliseconds`; undefined when it did. */
export async function askApplication(probe: Probe, milliseconds: number, signal: AbortSignal): Promise<string | undefined> {
  if (probe.kind === "tcp") return dial({ address: probe, tls: undefined, milliseconds }, signal);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
  try {
    const status = await askHttp(probe, bounded);
    // As Kubernetes judges; a redirect is not followed.
    return status >= 200 && status < 400 ? undefined : `it answered with status ${status}`;
  } catch (error) {
    if (bounded.aborted) return `no answer within ${milliseconds / 1000} s`;
    return error instanceof Error ? error.message : String(error);
  }
}

async function askHttp(probe: { readonly host: string; readonly port: number; readonly path: string }, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asking = request({ host: probe.host, port: probe.port, path: probe.path, signal, agent: false, headers: { "user-agent": "linkerd-mesh-probe" } });
  asking.once("error", reject).once("response", (response) => {
    resolve(response.statusCode ?? 0);
    response.destroy();
  });
  asking.end();
  return promise;
}
