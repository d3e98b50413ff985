import http from "node:http";

/** Ports on loopback at which harness and proxy tell how they are. */
export const adminPorts = { harness: 4192, proxy: 4191 } as const;

/** Milliseconds between two looks; what a look may add to a time. */
const period = 5;

/** The answer to a request on loopback; undefined while nobody listens. */
export async function ask(port: number, path: string, method: "GET" | "POST" = "GET"): Promise<{ readonly status: number; readonly body: string } | undefined> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: string } | undefined>();
  const request = http.request({ host: "127.0.0.1", port, path, method, agent: false, timeout: 5000 }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (text: string) => { body += text; });
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
  });
  request.on("timeout", () => request.destroy()).on("error", () => resolve(undefined)).end();
  return promise;
}

/** Resolves when `GET /ready` is answered with 200. */
export async function waitUntilReady(port: number, signal: AbortSignal): Promise<void> {
  const limit = performance.now() + 20_000;
  while ((await ask(port, "/ready"))?.status !== 200) {
    signal.throwIfAborted();
    if (performance.now() > limit) throw new Error(`port ${port} was not ready within 20 s: ${(await ask(port, "/ready"))?.body ?? "nobody listens"}`);
    await new Promise((resolve) => setTimeout(resolve, period));
  }
}
