import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Figure } from "../figure.ts";
import { adminPorts, waitUntilReady } from "../stage/ask.ts";
import { obstacleToStage, openMeshStage, type MeshStage } from "../stage/mesh-stage.ts";
import type { Program } from "../stage/programs.ts";
import { readProcessorTime, readResidentMemory } from "../stage/usage.ts";

const runs = 3;
const window = 20_000;
/** After the start: for what it leaves to settle. */
const settling = 3000;
const ask = `setInterval(() => require("node:http").get("http://127.0.0.1:${adminPorts.proxy}/ready", { agent: false }, (answer) => answer.resume()), 2000)`;

interface Usage {
  readonly memory: number;
  readonly processor: number;
}

interface Usages {
  readonly harness: Usage;
  readonly client: Usage;
  readonly idle: Usage;
  readonly asking: Usage;
}

/** What the harness holds and does while nothing happens. */
export const idleFigure: Figure = {
  id: "idle",
  obstacle: obstacleToStage,
  async measure({ executable, signal }) {
    await using stage = await openMeshStage(executable, signal);
    const all: Usages[] = [];
    for (let run = 0; run < runs; run += 1) all.push(await measureOnce(stage, executable, signal));
    return [
      {
        id: "memory", unit: "MiB", measured: { title: "harness (executable) in Serving, resident", values: all.map(({ harness }) => harness.memory) },
        baseline: { title: "a bare Node HTTP/2 client, resident", values: all.map(({ client }) => client.memory) },
      },
      {
        id: "processor", unit: "ms of CPU in 20 s", measured: { title: "harness (executable) in Serving, idle", values: all.map(({ harness }) => harness.processor) },
        baseline: { title: "node with nothing to do", values: all.map(({ idle }) => idle.processor) },
      },
      {
        id: "processor", unit: "ms of CPU in 20 s", measured: { title: "harness (executable) in Serving, idle", values: all.map(({ harness }) => harness.processor) },
        baseline: { title: "node that only asks for /ready every 2 s", values: all.map(({ asking }) => asking.processor) },
      },
    ];
  },
};

async function measureOnce(stage: MeshStage, program: Program, signal: AbortSignal): Promise<Usages> {
  await using stack = new AsyncDisposableStack();
  const { lab } = await stage.cast(program, process.env["PROXY_PATH"]);
  const harness = await lab.startHarness(stack, signal);
  await waitUntilReady(adminPorts.harness, signal);
  const client = startNode(stack, [fileURLToPath(new URL("../baselines/http2-client.mjs", import.meta.url)), await serve(stack)]);
  await once(client.stdout, "data");
  const idle = startNode(stack, ["-e", "setInterval(() => undefined, 2 ** 30)"]);
  const asking = startNode(stack, ["-e", ask]);
  await sleep(settling);
  const pids = [harness.child.pid, client.pid ?? 0, idle.pid ?? 0, asking.pid ?? 0];
  const before = await Promise.all(pids.map(readProcessorTime));
  await sleep(window);
  const after = await Promise.all(pids.map(readProcessorTime));
  const memory = await Promise.all(pids.map(readResidentMemory));
  const usage = (index: number): Usage => ({ memory: memory[index] ?? NaN, processor: (after[index] ?? NaN) - (before[index] ?? NaN) });
  harness.child.signal("terminate");
  await harness.exited;
  return { harness: usage(0), client: usage(1), idle: usage(2), asking: usage(3) };
}

function startNode(stack: AsyncDisposableStack, args: readonly string[]): ReturnType<typeof spawnNode> {
  const child = spawnNode(args);
  const ended = once(child, "exit");
  stack.defer(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return child;
}

function spawnNode(args: readonly string[]) {
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** A small HTTP/2 server for the client to hold a session with. */
async function serve(stack: AsyncDisposableStack): Promise<string> {
  const server = createServer((_request, response) => response.end("hello"));
  stack.defer(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
