import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { ProbeAction } from "../model/external-group.ts";

/** A probe by a GET. */
export type HttpGet = Extract<ProbeAction, { kind: "httpGet" }>;

// kubelet's own bounds.
const mostRequests = 10;
const mostBody = 10 * 1024;

const ownHeaders: Readonly<Record<string, string>> = { accept: "*/*", "user-agent": "linkerd-mesh-probe" };
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Why the application did not answer with 200 to 399; undefined when it did. As kubelet: certificates are not verified,
 * a redirect is followed while it stays on the same host (one to elsewhere is a success), of the body at most 10 KiB is
 * read, and no connection is kept. Unlike kubelet, an answer that breaks off or does not end in time is a failure;
 * kubelet takes it for no answer at all.
 */
export async function probeHttp(action: HttpGet, signal: AbortSignal): Promise<string | undefined> {
  let url = locate(action);
  let headers = renderHeaders(action);
  for (let count = 0; count < mostRequests; count += 1) {
    const { status, location } = await askOnce({ url, headers, host: action.host }, signal);
    const next = redirects.has(status) && location !== undefined ? URL.parse(location, url.href) : undefined;
    if (next === null) return "it redirects to no URL";
    if (next?.hostname !== url.hostname) return status >= 200 && status < 400 ? undefined : `it answered with status ${status}`;
    if (!/^https?:$/u.test(next.protocol)) return `it redirects to ${next.protocol}`;
    // A name asked for holds on the server that was asked, and an absolute URL names another.
    if (URL.canParse(location ?? "")) headers = { ...headers, host: next.host };
    url = next;
  }
  return `it redirects more than ${mostRequests - 1} times`;
}

function locate({ scheme, host, port, path }: HttpGet): URL {
  // A zone (fe80::1%eth0) is this machine's matter: the connection needs it, a URL cannot say it.
  const name = isIP(host) === 6 ? `[${host.split("%", 1)[0]}]` : host;
  return new URL(`${scheme.toLowerCase()}://${name}:${port}${path.startsWith("/") ? "" : "/"}${path}`);
}

function renderHeaders({ headers }: HttpGet): Readonly<Record<string, string>> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const all = Object.entries({ ...ownHeaders, ...Object.fromEntries(given) });
  // One of ours that is given empty is not sent.
  return Object.fromEntries(all.filter(([name, value]) => value !== "" || !(name in ownHeaders)));
}

interface Question {
  /** Where to connect; the URL's own host may lack a zone. */
  readonly host: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

async function askOnce(question: Question, signal: AbortSignal): Promise<Answer> {
  using asking = openRequest(question, signal);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  asking.raw.on("error", reject).once("response", resolve).end();
  const response = await promise;
  await readSome(response);
  return { status: response.statusCode ?? 0, location: response.headers.location };
}

function openRequest({ host, url, headers }: Question, signal: AbortSignal): { readonly raw: ClientRequest } & Disposable {
  const secure = url.protocol === "https:";
  const options: RequestOptions = { host, port: url.port === "" ? (secure ? 443 : 80) : url.port, path: url.pathname + url.search, headers, signal, agent: false };
  const raw = secure
    // The application is on this machine or named by the group's author: its certificate proves nothing more.
    ? requestHttps({ ...options, rejectUnauthorized: false, servername: isIP(host) === 0 ? host : "" })
    : requestHttp(options);
  return { raw, [Symbol.dispose]: () => void raw.destroy() };
}

/** Reads a small body to its end, so that the application does not see its answers refused; a large one is left. */
async function readSome(response: IncomingMessage): Promise<void> {
  let size = 0;
  try {
    for await (const part of response) {
      size += (part as Buffer).length;
      if (size > mostBody) return;
    }
  } catch (cause) {
    throw new Error("its answer broke off", { cause });
  }
}
