import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { uid } from "../../test/e2e/support/run-command.ts";
import { machineId, Stage } from "../../test/e2e/support/stage.ts";
import { isSpireBuildable, spireNeeds } from "../../test/peers/spire/build.ts";
import { Spire } from "../../test/peers/spire.ts";
import { renderProxyShim } from "../../src/simulator/demo/programs.ts";
import { missingForOwnNetwork } from "../../test/support/own-network.ts";
import { adminPorts, waitUntilReady } from "../stage/ask.ts";
import { readBareProxy, type BareProxy } from "../stage/bare-proxy.ts";
import type { Figure } from "../figure.ts";
import type { Program } from "../stage/programs.ts";

const runs = 5;

/** From the start of the harness to a machine that serves, with a real SPIRE, against the proxy alone with the same SPIRE. */
export const spireFigure: Figure = {
  id: "spire",
  obstacle: async () => missingForOwnNetwork() ?? (await isSpireBuildable() ? undefined : spireNeeds),
  async measure({ executable, signal }) {
    await using stage = await Stage.set();
    stage.openToAll();
    await using spire = await Spire.start();
    for (const user of [uid, 0]) await spire.createEntry({ spiffeId: machineId, uid: user });
    const proxyPath = process.env["PROXY_PATH"] ?? join(stage.folder, "proxy");
    if (process.env["PROXY_PATH"] === undefined) await writeFile(proxyPath, renderProxyShim({ file: executable.file, args: [...executable.args, "simulate", "proxy"] }), { mode: 0o755 });
    const environment = stage.environment({ PROXY_USER: String(uid), SPIRE_SOCKET_ADDR: spire.address, PROXY_PATH: proxyPath });
    const harnesses: number[] = [];
    const bare: number[] = [];
    // The agent learns of an entry some seconds after the server; the first start waits for that and is not counted.
    await startHarness(executable, { environment, proxyPath }, signal);
    for (let run = 0; run < runs; run += 1) {
      const { took, proxy } = await startHarness(executable, { environment, proxyPath }, signal);
      harnesses.push(took);
      bare.push(await startBare(proxy, signal));
    }
    const which = process.env["PROXY_PATH"] === undefined ? "our small proxy" : "linkerd2-proxy";
    return [{
      id: "spire", unit: "ms", goal: 2000, measured: { title: `start to Serving with a real SPIRE, harness (executable) with ${which}`, values: harnesses },
      baseline: { title: `start to ready with that SPIRE, ${which} alone`, values: bare },
    }];
  },
};

interface Told {
  readonly environment: Readonly<Record<string, string>>;
  readonly proxyPath: string;
}

async function startHarness({ file, args }: Program, { environment, proxyPath }: Told, signal: AbortSignal): Promise<{ readonly took: number; readonly proxy: BareProxy }> {
  await using stack = new AsyncDisposableStack();
  const began = performance.now();
  start(stack, { file, args: [...args, "run"], environment });
  await waitUntilReady(adminPorts.harness, signal);
  return { took: performance.now() - began, proxy: await readBareProxy(proxyPath) };
}

async function startBare({ path, environment }: BareProxy, signal: AbortSignal): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const began = performance.now();
  start(stack, { file: path, args: [], environment: Object.fromEntries(environment.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])) });
  await waitUntilReady(adminPorts.proxy, signal);
  return performance.now() - began;
}

/** Starts a program that is ended, politely, with the stack. */
function start(stack: AsyncDisposableStack, { file, args, environment }: { readonly file: string; readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> }): void {
  const child = spawn(file, args, { env: environment, stdio: "ignore" });
  const ended = once(child, "exit");
  stack.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
}
