import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStatus } from "../../../src/harness/status-schema.ts";
import type { Status } from "../../../src/harness/status.ts";
import { enterOwnNetwork, ownAddresses } from "../../support/own-network.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { installProduct } from "./installed.ts";
import { openProduct } from "./product.ts";
import { openWine, type Wine } from "./wine.ts";

/** Milliseconds that anything may take on a busy machine. */
export const wait = 60_000;

/** The address of the mesh; the machine that joins has another. */
export const meshAddress = ownAddresses.v4;
const machineAddress = "10.79.0.2";
const service = "linkerd-proxy-harness";
const folder = "C:\\mesh";

/** What the service manager says of the service, as the script tells it. */
export interface Managed {
  readonly state: string;
  readonly pid?: number;
  readonly exit: { readonly system: number; readonly own: number };
  readonly milliseconds: number;
}

/** What a process takes. */
export interface Cost {
  readonly handles: number;
  readonly bytes: number;
}

/** A Windows with the built executable as its service, an application, and a small mesh on a named pipe to join. */
export interface MeshStage extends AsyncDisposable {
  readonly wine: Wine;
  mesh(...words: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  manage(task: "start" | "stop" | "read"): Promise<Managed>;
  /** Turns one of the simulator's switches. */
  turn(what: string, value: string): Promise<void>;
  /** Writes settings into the registry. */
  set(settings: Readonly<Record<string, string>>): Promise<void>;
  isAlive(pid: number): Promise<boolean>;
  kill(pid: number): Promise<void>;
  costOf(pid: number): Promise<Cost>;
}

/** Opens the stage, with the service installed and not started. */
export async function openMeshStage(ttl: string): Promise<MeshStage> {
  await using stack = new AsyncDisposableStack();
  stack.use(enterOwnNetwork());
  execFileSync("ip", ["address", "add", `${machineAddress}/24`, "dev", "mesh0"]);
  const wine = stack.use(await openWine());
  const { executable, mesh: run } = installProduct(wine);
  const { script, set } = openProduct(wine);
  const start = async (...args: readonly string[]): Promise<Awaited<ReturnType<Wine["start"]>>> => stack.use(await wine.start({ file: executable, args }));
  const simulator = await start(
    "simulate", "--dir", folder, "--registration", "own", "--listen", meshAddress, "--machine-address", machineAddress, "--service-address", meshAddress,
    "--machines-service", "127.0.0.2", "--ttl", ttl, "--output", "json",
  );
  await waitUntil(() => simulator.stdout, (text) => text.includes("\n"), wait);
  for (const address of ["127.0.0.1", machineAddress]) await start("simulate", "app", "--listen", `${address}:8080`);
  // Peer and machine are one machine here, and each has a proxy: the machine's takes another port.
  await set({ ...readConfig(wine), OutboundRedirect: "off", ProxyPath: executable, ProxyInboundPort: "24143" });
  const mesh = (...words: readonly string[]): ReturnType<MeshStage["mesh"]> => run(words);
  await demand(mesh("service", "install"));
  const evaluate = (text: string): ReturnType<MeshStage["mesh"]> => wine.run({ file: wine.node, args: ["-e", text] });
  const kept = stack.move();
  return {
    wine, mesh, set,
    manage: async (task) => (await script("test/wine/scripts/manager.ts", task, service)) as Managed,
    turn: async (what, value) => demand(mesh("simulate", "set", what, value, "--dir", folder)),
    isAlive: async (pid) => (await evaluate(`process.kill(${pid}, 0)`)).code === 0,
    kill: async (pid) => demand(evaluate(`process.kill(${pid})`)),
    costOf: async (pid) => (await script("test/wine/scripts/cost.ts", String(pid))) as Cost,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What the harness says on its admin port, which Linux reaches as well; undefined while nobody answers. */
export async function readStatus(): Promise<Status | undefined> {
  try {
    return parseStatus(await (await fetch("http://127.0.0.1:4192/status", { signal: AbortSignal.timeout(5000) })).json());
  } catch {
    return undefined;
  }
}

/** The one workload that the registration service knows. */
export async function readWorkload(): Promise<{ readonly ready: boolean; readonly reason: string } | undefined> {
  const answer = await fetch("http://127.0.0.1:9996/v1/workloads", { signal: AbortSignal.timeout(5000) });
  return ((await answer.json()) as { workloads: readonly { readonly ready: boolean; readonly reason: string }[] }).workloads[0];
}

async function demand(run: ReturnType<MeshStage["mesh"]>): Promise<void> {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(`it ended with ${code}: ${stdout}${stderr}`);
}

/** The config file that the simulator wrote for the machine, under the names of the registry. */
function readConfig(wine: Wine): Readonly<Record<string, string>> {
  const lines = readFileSync(join(wine.drive, "mesh/config.yaml"), "utf8").split("\n").map((line) => /^(\w)(\w+): (.*)$/u.exec(line)).filter((found) => found !== null);
  return Object.fromEntries(lines.map(([, first = "", rest = "", value = ""]) => [first.toUpperCase() + rest, value]));
}
