import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Simulator } from "./simulator.ts";

/** What a running simulator tells of itself. */
export const simulatorStatusSchema = z.object({
  listen: z.string(),
  socket: z.string(),
  identity: z.string(),
  serverName: z.string(),
  service: z.string(),
  /** Config file with which a harness joins. */
  config: z.string(),
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
      (error: unknown) => send(response, isMeshError(error) ? 400 : 500, { error: isMeshError(error) ? error.what : String(error) }),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen({ path, readableAll: false, writableAll: false }, resolve);
  await promise.catch((cause: unknown) => {
    throw new MeshError("SIMULATOR_FAILED", { doing: `opening ${path}`, what: String(cause), target: path, cause });
  });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Asks the simulator that runs in a folder; SIMULATOR_FAILED when none does, or it says no. */
export async function askSimulator(folder: string, question: { readonly path: string; readonly body?: unknown }, signal: AbortSignal): Promise<unknown> {
  const socketPath = `${folder}/control.sock`;
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
  const { chainPem, keyPem, serial } = await simulator.issue(issueSchema.parse(body));
  return { chainPem, keyPem, serial, rootPem: simulator.rootPem };
}

async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const part of stream) text += String(part);
  return text;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
