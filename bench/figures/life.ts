import { adminPorts, ask, waitUntilReady } from "../stage/ask.ts";
import { readBareProxy, startBareProxy, type BareProxy } from "../stage/bare-proxy.ts";
import { obstacleToStage, openMeshStage, type Cast, type MeshStage } from "../stage/mesh-stage.ts";
import type { Program } from "../stage/programs.ts";
import type { Figure, Row } from "../figure.ts";

const runs = 5;

/** From the start of the harness to a machine that serves, and from the stop to its end, against the proxy alone. */
export const lifeFigure: Figure = {
  id: "life",
  obstacle: obstacleToStage,
  async measure({ sources, executable, signal }) {
    await using stage = await openMeshStage(executable, signal);
    const rows: Row[] = [];
    for (const program of [sources, executable]) rows.push(...await measureLives(stage, { program, proxyPath: undefined }, signal));
    const proxyPath = process.env["PROXY_PATH"];
    if (proxyPath === undefined) return [...rows, { id: "start", why: "with a real linkerd2-proxy: PROXY_PATH names none" }];
    return [...rows, ...await measureLives(stage, { program: executable, proxyPath }, signal)];
  },
};

async function measureLives(stage: MeshStage, { program, proxyPath }: { readonly program: Program; readonly proxyPath: string | undefined }, signal: AbortSignal): Promise<readonly Row[]> {
  const cast = await stage.cast(program, proxyPath);
  const lives: Life[] = [];
  const bare: Life[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { life, proxy } = await liveOnce(cast, signal);
    lives.push(life);
    bare.push(await liveBare(stage, proxy, signal));
  }
  const name = proxyPath === undefined ? `harness (${program.name}) with our small proxy` : `harness (${program.name}) with linkerd2-proxy`;
  const alone = proxyPath === undefined ? `our small proxy (${program.name}) alone` : "linkerd2-proxy alone";
  return [
    { id: "start", unit: "ms", goal: 1000, measured: { title: `start to Serving, ${name}`, values: lives.map(({ start }) => start) }, baseline: { title: `start to ready, ${alone}`, values: bare.map(({ start }) => start) } },
    { id: "stop", unit: "ms", goal: 5000, measured: { title: `stop in Serving, ${name}`, values: lives.map(({ stop }) => stop) }, baseline: { title: `shutdown, ${alone}`, values: bare.map(({ stop }) => stop) } },
  ];
}

interface Life {
  readonly start: number;
  readonly stop: number;
}

async function liveOnce({ lab, proxyPath }: Cast, signal: AbortSignal): Promise<{ readonly life: Life; readonly proxy: BareProxy }> {
  await using stack = new AsyncDisposableStack();
  const began = performance.now();
  const harness = await lab.startHarness(stack, signal);
  await waitUntilReady(adminPorts.harness, signal);
  const start = performance.now() - began;
  const proxy = await readBareProxy(proxyPath);
  const stopping = performance.now();
  harness.child.signal("terminate");
  const { code } = await harness.exited;
  if (code !== 0) throw new Error(`the harness ended with ${code}: ${harness.lines.slice(-3).join(" | ")}`);
  return { life: { start, stop: performance.now() - stopping }, proxy };
}

async function liveBare({ network }: MeshStage, proxy: BareProxy, signal: AbortSignal): Promise<Life> {
  const began = performance.now();
  await using child = await startBareProxy(network.machine, proxy);
  await waitUntilReady(adminPorts.proxy, signal);
  const start = performance.now() - began;
  const stopping = performance.now();
  await ask(adminPorts.proxy, "/shutdown", "POST");
  await child.exited;
  return { start, stop: performance.now() - stopping };
}
