import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { readText } from "../base/read-text.ts";
import { z } from "zod";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Simulator } from "./simulator.ts";
import { closingHttp, openListener } from "./listening.ts";
import { socketPathOf } from "./socket-path.ts";

/** What a running simulator tells of itself. */
export const simulatorStatusSchema = z.object({
  listen: z.string(),
  clusterDomain: z.string(),
  service: z.string(),
  /** The Service whose endpoints are the ready machines. */
  machinesService: z.string(),
  /** Those that may join: where each gets its identity, and the config file with which its harness joins. */
  machines: z.array(z.object({ address: z.string(), identity: z.string(), socket: z.string(), config: z.string() })),
  /** Absent with static registration. */
  registration: z.object({ address: z.string(), admin: z.string(), group: z.string(), groupsDir: z.string().optional() }).optional(),
  /** Those that the control plane knows, as a caller needs it. */
  workloads: z.array(z.object({
    namespace: z.string(), name: z.string(), address: z.string(), port: z.int(), inboundPort: z.int(),
    identity: z.string(), serverName: z.string(), ready: z.boolean(), reason: z.string(),
  })),
  switches: z.record(z.string(), z.string()),
});

/** A running simulator, as anybody may see it. */
export type SimulatorStatus = z.infer<typeof simulatorStatusSchema>;

/** Credentials on their way from the simulator to a caller of its own. */
export const issuedSchema = z.object({ chainPem: z.string(), keyPem: z.string(), rootPem: z.string(), serial: z.string() });

const setSchema = z.strictObject({ switch: z.string(), value: z.string() });
const issueSchema = z.strictObject({ identity: z.string().min(1) });

/** Answers `simulate status | set | call` on a Unix socket that only this account can open. */
export async function openControlSocket(path: string, simulator: Simulator, describe: () => SimulatorStatus): Promise<AsyncDisposable> {
  const server = createServer((asked, response) => {
    route(asked, simulator, describe).then(
      (body) => send(response, 200, body),
      (error: unknown) => send(response, ...explain(error)),
    );
  });
  await openListener(server, { path, readableAll: false, writableAll: false }, { code: "SIMULATOR_FAILED", doing: `opening ${path}`, target: path });
  return closingHttp(server);
}

/** Asks the simulator that runs in a folder; SIMULATOR_FAILED when none does, or it says no. */
export async function askSimulator(folder: string, question: { readonly path: string; readonly body?: unknown }, signal: AbortSignal): Promise<unknown> {
  const socketPath = socketPathOf(folder, "control");
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const asking = request({ socketPath, path: question.path, method: question.body === undefined ? "GET" : "POST", signal });
  asking.once("error", reject).once("response", (response) => {
    readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
  });
  asking.end(question.body === undefined ? "" : JSON.stringify(question.body));
  const doing = `asking the simulator in ${folder}`;
  const { status, text } = await promise.catch((cause: unknown) => {
    throw new MeshError("SIMULATOR_FAILED", { doing, what: `nobody answers at ${socketPath}`, target: folder, cause });
  });
  const body: unknown = JSON.parse(text);
  if (status === 200) return body;
  throw new MeshError("SIMULATOR_SWITCH", { doing, what: z.object({ error: z.string() }).parse(body).error, target: folder });
}

async function route(asked: IncomingMessage, simulator: Simulator, describe: () => SimulatorStatus): Promise<unknown> {
  if (asked.url === "/status") return describe();
  const body: unknown = JSON.parse(await readText(asked));
  if (asked.url === "/set") {
    const { switch: name, value } = setSchema.parse(body);
    await simulator.set(name, value);
    return describe();
  }
  if (asked.url !== "/issue") throw new MeshError("SIMULATOR_SWITCH", { doing: "answering", what: `there is no ${asked.url ?? ""} to ask for` });
  const { chainPem, keyPem, serial } = await simulator.issue(issueSchema.parse(body));
  return { chainPem, keyPem, serial, rootPem: simulator.rootPem };
}

function explain(error: unknown): [status: number, body: { readonly error: string }] {
  if (isMeshError(error)) return [400, { error: error.what }];
  if (error instanceof z.ZodError || error instanceof SyntaxError) return [400, { error: `the question was not understood: ${error.message}` }];
  return [500, { error: String(error) }];
}


function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
