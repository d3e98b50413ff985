import { randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab, type Running } from "../../src/simulator/demo/lab.ts";
import { openNetwork, type Network } from "../../src/simulator/demo/network.ts";
import { commonFolder, relocateProgram, renderProxyShim } from "../../src/simulator/demo/programs.ts";
import { enterNetwork } from "./enter-network.ts";
import { hostOf, sources, type Program } from "./programs.ts";

/** A simulated mesh beside a machine; this process stands in the machine's network. */
export interface MeshStage extends AsyncDisposable {
  readonly network: Network;
  readonly mesh: Running;
  /** The machine's harness and proxy in that form; with `proxyPath` a real proxy instead of our small one. */
  cast(program: Program, proxyPath?: string): Promise<Cast>;
}

/** Who plays: what starts harnesses, and the proxy they start. */
export interface Cast {
  readonly lab: Lab;
  readonly proxyPath: string;
}

/** Sets up network and mesh, and goes to the machine. */
export async function openMeshStage(program: Program, signal: AbortSignal): Promise<MeshStage> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "linkerd-mesh-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const bind = { from: commonFolder([...new Set([sources, program].flatMap(({ file, args }) => [file, ...args]))]), to: join(folder, "program") };
  await mkdir(bind.to);
  const network = stack.use(await openNetwork(hostOf(program), { inUserNamespace: false, bind }, signal));
  const programs = stack.use(new AsyncDisposableStack());
  const cast = async (form: Program, proxyPath?: string): Promise<Cast> => {
    const host = hostOf(form);
    const own = relocateProgram(host.processes, bind);
    const shim = join(folder, `proxy-${randomUUID().slice(0, 8)}`);
    await writeFile(shim, renderProxyShim(own.command(["simulate", "proxy"])), { mode: 0o755 });
    return { lab: new Lab({ host, network, program: own, folder, proxyPath: proxyPath ?? shim }), proxyPath: proxyPath ?? shim };
  };
  const mesh = await (await cast(program)).lab.startMesh(programs, signal);
  const resident = programs.use(await network.machine.spawn({ file: "sleep", args: ["infinity"] }));
  // The resident becomes `sleep` inside the network by replacing itself; an answer from there tells that it is.
  await network.machine.run({ file: "true", args: [] }, signal);
  stack.use(enterNetwork(resident.pid));
  const kept = stack.move();
  return { network, mesh, cast, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Why there can be no such stage; undefined when there can. */
export { missingForOwnNetwork as obstacleToStage } from "../../test/support/own-network.ts";
