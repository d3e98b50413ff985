import { parseProxyMetrics, type ProxyMetrics } from "./proxy-metrics.ts";

/** The admin port of the proxy, as this machine dials it. */
export interface ProxyAdmin {
  readonly address: string;
  /** How long one answer may take, milliseconds. */
  readonly answer: number;
}

/** Status of `GET /ready`; undefined when nobody answers in time. */
export async function readReady(admin: ProxyAdmin, signal: AbortSignal): Promise<number | undefined> {
  const response = await ask(admin, { path: "/ready", method: "GET" }, signal);
  await response?.body?.cancel();
  return response?.status;
}

/** The metrics that the harness uses; undefined when the proxy does not show them in time. */
export async function readMetrics(admin: ProxyAdmin, signal: AbortSignal): Promise<ProxyMetrics | undefined> {
  const response = await ask(admin, { path: "/metrics", method: "GET" }, signal);
  const text = await response?.text().catch(() => undefined);
  return response?.ok === true && text !== undefined ? parseProxyMetrics(text) : undefined;
}

/** Asks the proxy to finish its connections and end; true when it said that it would. */
export async function requestShutdown(admin: ProxyAdmin, signal: AbortSignal): Promise<boolean> {
  const response = await ask(admin, { path: "/shutdown", method: "POST" }, signal);
  await response?.body?.cancel();
  return response?.ok === true;
}

async function ask(admin: ProxyAdmin, request: { readonly path: string; readonly method: string }, signal: AbortSignal): Promise<Response | undefined> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(admin.answer)]);
  try {
    // A kept connection would hold back the proxy's own shutdown, which waits for its clients.
    return await fetch(`http://${admin.address}${request.path}`, { method: request.method, headers: { connection: "close" }, signal: bounded, redirect: "error" });
  } catch {
    return undefined;
  }
}
