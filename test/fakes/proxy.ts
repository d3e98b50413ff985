// A process in the place of linkerd2-proxy: the same ports, variables, log lines and endpoints as far as the harness
// can tell, and bad manners on request. Its one argument is JSON: { manners, version }.
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:net";
import { systemClock } from "../../src/platform/node/clock.ts";
import { watchX509Context } from "../../src/spiffe/workload-api.ts";
import { silentLog } from "./silent-log.ts";

const { manners, version } = { manners: "good", version: "2.366.0", ...JSON.parse(process.argv[2] ?? "{}") as object } as { readonly manners: Manners; readonly version: string };

/** How the fake behaves. */
export type Manners = "good" | "exitAtOnce" | "neverReady" | "ignoresStop" | "noCertificate";

const setting = (name: string): string => process.env[`LINKERD2_PROXY_${name}`] ?? "";
const say = (level: string, message: string): void => void process.stdout.write(`${JSON.stringify({ timestamp: "[     0.001s]", level, fields: { message }, target: "linkerd2_proxy", threadId: "ThreadId(1)" })}\n`);

let expires = 0;
if (manners === "exitAtOnce") {
  say("ERROR", "the fake proxy was told to end");
  process.stderr.write("Invalid configuration: invalid environment variable\n");
  process.exit(64);
}
// SIGUSR2 ends it as a crash does, in the middle of everything.
process.on("SIGUSR2", () => process.exit(101));
process.on("SIGTERM", () => (manners === "ignoresStop" ? say("WARN", "SIGTERM is ignored") : process.exit(0)));

for (const address of [setting("INBOUND_LISTEN_ADDR"), ...setting("OUTBOUND_LISTEN_ADDRS").split(",")]) {
  createServer((socket) => socket.end("the fake proxy\n")).listen(parse(address));
}
createHttp(answer).listen(parse(setting("ADMIN_LISTEN_ADDR")), () => say("INFO", `Admin interface on ${setting("ADMIN_LISTEN_ADDR")}`));
say("INFO", `Local identity is ${setting("IDENTITY_SERVER_ID")}`);
if (manners !== "noCertificate") void followIdentity();

async function followIdentity(): Promise<void> {
  const source = { address: setting("IDENTITY_SPIRE_WORKLOAD_API_ADDRESS"), clock: systemClock, log: silentLog, random: () => 0.5 };
  for await (const event of watchX509Context(source, new AbortController().signal)) {
    const svid = event.kind === "context" ? event.context.svids.find(({ id }) => id === setting("IDENTITY_SERVER_ID")) : undefined;
    if (svid === undefined) continue;
    expires = svid.expiresAt.getTime() / 1000;
    say("INFO", `Certified identity id=${svid.id}`);
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("connection", "close");
  if (request.url === "/ready") return respond(response, expires > 0 && manners !== "neverReady" ? [200, "ready\n"] : [503, "not ready\n"]);
  if (request.url === "/metrics") return respond(response, [200, renderMetrics()]);
  if (request.url !== "/shutdown") return respond(response, [404, ""]);
  if (request.method !== "POST") return respond(response, [405, ""]);
  if (manners !== "ignoresStop") response.once("close", () => process.exit(0));
  respond(response, [200, "shutdown\n"]);
}

function respond(response: ServerResponse, [status, text]: readonly [number, string]): void {
  response.writeHead(status).end(text);
}

function renderMetrics(): string {
  return [
    `proxy_build_info{version="${version}",git_sha="fake",profile="release",date="",vendor=""} 1`,
    ...(expires > 0 ? [`control_identity_cert_expiration_timestamp_seconds ${expires}`] : []),
    "# EOF", "",
  ].join("\n");
}

function parse(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[|\]$/gu, ""), port: Number(address.slice(at + 1)) };
}
