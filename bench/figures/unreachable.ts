import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { serviceAddress } from "../../src/simulator/demo/lab.ts";
import { meshPorts } from "../../src/simulator/names.ts";
import { adminPorts, ask, waitUntilReady } from "../stage/ask.ts";
import { readBareProxy, startBareProxy } from "../stage/bare-proxy.ts";
import { obstacleToStage, openMeshStage, type Cast, type MeshStage } from "../stage/mesh-stage.ts";
import { takeTurns, time, type Figure } from "../figure.ts";

const runs = 3;

/** How long a stop takes when nothing answers: the mesh hangs and the cable is cut. */
export const unreachableFigure: Figure = {
  id: "unreachable",
  obstacle: obstacleToStage,
  async measure({ executable, signal }) {
    await using stage = await openMeshStage(executable, signal);
    const cast = await stage.cast(executable, process.env["PROXY_PATH"]);
    const values = await takeTurns(runs, {
      bare: () => stopBare(stage, cast, signal),
      serving: () => stopServing(stage, { cast, busy: false }, signal),
      busy: () => stopServing(stage, { cast, busy: true }, signal),
      waiting: () => stopWaiting(stage, cast, signal),
    });
    const baseline = { title: "shutdown, the proxy alone, all reachable", values: values.bare };
    return [
      { id: "unreachable", unit: "ms", goal: 5000, measured: { title: "stop in Serving, all unreachable", values: values.serving }, baseline },
      { id: "unreachable", unit: "ms", goal: 5000, measured: { title: "the same with a request under way that nobody answers", values: values.busy }, baseline },
      { id: "unreachable", unit: "ms", goal: 5000, measured: { title: "stop while it waits for an identity", values: values.waiting }, baseline },
    ];
  },
};

async function stopBare({ network }: MeshStage, { lab, proxyPath }: Cast, signal: AbortSignal): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const harness = await lab.startHarness(stack, signal);
  await waitUntilReady(adminPorts.harness, signal);
  const bare = await readBareProxy(proxyPath);
  harness.child.signal("terminate");
  await harness.exited;
  await using proxy = await startBareProxy(network.machine, bare);
  await waitUntilReady(adminPorts.proxy, signal);
  return await time(async () => {
    await ask(adminPorts.proxy, "/shutdown", "POST");
    await proxy.exited;
  });
}

async function stopServing(stage: MeshStage, { cast: { lab }, busy }: { readonly cast: Cast; readonly busy: boolean }, signal: AbortSignal): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const harness = await lab.startHarness(stack, signal);
  await waitUntilReady(adminPorts.harness, signal);
  await using _cut = await cutOff(stage, signal);
  if (!busy) return await stop(harness);
  // After the cut: the far end answers before it has read a request to its end, and that one would be over.
  const socket = stack.adopt(await beginRequest(), (begun) => void begun.destroy());
  if (socket.readyState !== "open" || socket.bytesRead > 0) throw new Error("the request is over already");
  return await stop(harness);
}

async function stopWaiting(stage: MeshStage, { lab }: Cast, signal: AbortSignal): Promise<number> {
  await using stack = new AsyncDisposableStack();
  await using _cut = await cutOff(stage, signal);
  const harness = await lab.startHarness(stack, signal);
  while ((await ask(adminPorts.harness, "/status")) === undefined) await sleep(5);
  return await stop(harness);
}

function stop({ child, exited, lines }: Awaited<ReturnType<Cast["lab"]["startHarness"]>>): Promise<number> {
  return time(async () => {
    child.signal("terminate");
    const { code, signal } = await exited;
    if (code !== 0) throw new Error(`the harness ended with ${code ?? signal}: ${lines.slice(-3).join(" | ")}`);
  });
}

/** Freezes issuer, destination and policy, and takes the cable out; disposing sets it right. */
async function cutOff({ mesh, network }: MeshStage, signal: AbortSignal): Promise<AsyncDisposable> {
  const link = async (state: "up" | "down"): Promise<void> => {
    const { code, stderr } = await network.mesh.run({ file: "ip", args: ["link", "set", "mesh0", state] }, signal);
    if (code !== 0) throw new Error(stderr);
  };
  process.kill(mesh.child.pid, "SIGSTOP");
  await link("down");
  return {
    async [Symbol.asyncDispose]() {
      process.kill(mesh.child.pid, "SIGCONT");
      await link("up");
    },
  };
}

/** A request from this machine to the mesh, through the redirect. */
async function beginRequest(): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(meshPorts.service, serviceAddress, () => {
    socket.write(`POST / HTTP/1.1\r\nhost: ${serviceAddress}\r\ncontent-length: 1000\r\n\r\nbegun`, () => resolve(socket));
  });
  socket.on("error", reject).resume();
  const begun = await promise;
  // For the proxy to read it.
  await sleep(300);
  return begun;
}
