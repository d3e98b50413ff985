import { createServer, request, type IncomingMessage } from "node:http";
import { readText } from "../base/read-text.ts";
import type { Endpoint } from "../linkerd/addresses.ts";
import { isLoopback } from "../model/settings/ip.ts";
import { closingHttp, openListener } from "./listening.ts";

/** What a request without any mesh of its own got. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
}

/** Asks a URL as an application does that knows nothing of a mesh; throws when the connection is refused or breaks. */
export async function requestPlain(url: string, signal: AbortSignal, method = "GET"): Promise<PlainAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PlainAnswer>();
  const asking = request(url, { method, agent: false, signal });
  asking.once("error", reject).once("response", (response: IncomingMessage) => {
    readText(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  asking.end();
  return promise;
}

/** An application that knows nothing of a mesh: tells in JSON what it was asked and by whom, as far as its headers say, and whether it is ready. */
export async function openApplication(listen: Endpoint): Promise<AsyncDisposable> {
  let ready = true;
  const server = createServer((asked, response) => {
    const { method, url, headers, socket } = asked;
    // Which machine's it is, where several serve the same.
    const address = plainIp(socket.localAddress);
    const wish = /^\/ready\/(?<state>on|off)$/u.exec(url ?? "")?.groups?.["state"];
    // Whether it serves is for its own machine to say.
    if (method === "POST" && wish !== undefined && isLoopback(plainIp(socket.remoteAddress))) ready = wish === "on";
    const status = url === "/ready" && !ready ? 503 : 200;
    response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify({ server: "application", address, method, path: url, headers, ready })}\n`);
  });
  await openListener(server, { host: listen.ip, port: listen.port }, { code: "SIMULATOR_FAILED", doing: `starting an application at ${listen.ip}:${listen.port}`, target: `${listen.ip}:${listen.port}` });
  return closingHttp(server);
}

function plainIp(address: string | undefined): string {
  return address?.replace(/^::ffff:/u, "") ?? "";
}
