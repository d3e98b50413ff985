import { connect } from "node:net";
import { request } from "node:http";
import type { Probe } from "../model/settings/values.ts";
import type { Host } from "../platform/host.ts";
import { planThreshold, initialVerdict, type Verdict } from "./probe-threshold.ts";
import type { Timings } from "./timings.ts";

/** Asks the application whether it is ready, again and again; yields when the verdict changes. */
export async function* watchApplication(host: Host, watch: { readonly probe: Probe; readonly timings: Timings }, signal: AbortSignal): AsyncGenerator<Verdict, void, void> {
  let verdict = initialVerdict;
  while (!signal.aborted) {
    const failure = await askApplication(watch.probe, AbortSignal.any([signal, AbortSignal.timeout(watch.timings.probeAnswer)]));
    if (signal.aborted) return;
    const next = planThreshold(verdict, failure);
    if (next.ready !== verdict.ready || next.why !== verdict.why) yield next;
    verdict = next;
    await host.clock.sleep(watch.timings.probePeriod, signal).catch(() => undefined);
  }
}

/** Why the application did not pass; undefined when it did. */
export async function askApplication(probe: Probe, signal: AbortSignal): Promise<string | undefined> {
  try {
    return probe.kind === "tcp" ? await askTcp(probe, signal) : await askHttp(probe, signal);
  } catch (error) {
    if (signal.aborted) return "it did not answer in time";
    return error instanceof Error ? error.message : String(error);
  }
}

async function askTcp({ host, port }: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const socket = connect({ host, port, signal });
  socket.once("connect", () => resolve(undefined)).once("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** As Kubernetes: 200 to 399 passes; a redirect is not followed. */
async function askHttp(probe: { readonly host: string; readonly port: number; readonly path: string }, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asking = request({ host: probe.host, port: probe.port, path: probe.path, signal, agent: false, headers: { "user-agent": "linkerd-mesh-probe" } });
  asking.once("error", reject).once("response", (response) => {
    resolve(response.statusCode ?? 0);
    response.destroy();
  });
  asking.end();
  const status = await promise;
  return status >= 200 && status < 400 ? undefined : `it answered with status ${status}`;
}
