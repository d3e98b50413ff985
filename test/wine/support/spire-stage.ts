import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buildWindowsAgent } from "../../peers/spire/build.ts";
import { renderAgentConfig } from "../../peers/spire/config.ts";
import { Spire } from "../../peers/spire.ts";
import { enterOwnNetwork, ownAddresses } from "../../support/own-network.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { WineChild, WineFinished } from "./driver-client.ts";
import { installProduct } from "./installed.ts";
import { wait, type Managed } from "./mesh-stage.ts";
import { makeOwnerMode } from "./owner-mode.ts";
import { openProduct } from "./product.ts";
import { openWine, type Wine } from "./wine.ts";

/** The identity of the machine on this stage. */
export const machineId = "spiffe://mesh.test/vm/orders";

/** The only account of Wine, as SPIRE's agent knows it. */
export const account = "windows:user_sid:S-1-5-21-0-0-0-1000";

/** A Windows with the built executable as its service, and a real spire-agent.exe below a real spire-server on Linux. */
export interface SpireStage extends AsyncDisposable {
  readonly wine: Wine;
  /** The server; its own agent does not run. */
  readonly spire: Spire;
  /** The product's executable, on Windows. */
  readonly executable: string;
  readonly agentExecutable: string;
  manage(task: "start" | "stop" | "read"): Promise<Managed>;
  /** Starts spire-agent.exe and waits until it listens on its pipe. */
  startAgent(): Promise<void>;
  /** Ends it as a crash does. */
  killAgent(): Promise<void>;
  /** Asks the Workload API as a program of another path would. */
  fetchAsAgent(): Promise<WineFinished>;
  /** The only account of Wine, by its name. */
  userName(): Promise<string>;
}

/** Opens the stage: the service installed and not started, spire-server running, no agent, no entry. */
export async function openSpireStage(): Promise<SpireStage> {
  await using stack = new AsyncDisposableStack();
  stack.use(enterOwnNetwork());
  for (const port of [8086, 8090]) stack.use(await listen(port));
  const spire = stack.use(await Spire.start({ agent: false }));
  const wine = stack.use(await openWine({ preload: await makeOwnerMode() }));
  const { executable, mesh } = installProduct(wine);
  const { script, set } = openProduct(wine);
  await set({ ...settings, ProxyPath: executable });
  const { code, stdout, stderr } = await mesh(["service", "install"]);
  if (code !== 0) throw new Error(`service install ended with ${code}: ${stdout}${stderr}`);
  await layAgent(wine, spire);
  let agent: WineChild | undefined;
  const kept = stack.move();
  return {
    wine, spire, executable, agentExecutable,
    manage: async (task) => (await script("test/wine/scripts/manager.ts", task, "linkerd-proxy-harness")) as Managed,
    startAgent: async () => {
      agent = await startAgent(wine);
    },
    killAgent: async () => agent?.[Symbol.asyncDispose](),
    fetchAsAgent: async () => wine.run({ file: agentExecutable, args: ["api", "fetch", "x509", "-output", "json"] }),
    userName: async () => (await wine.run({ file: "whoami.exe" })).stdout.trim(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Where destination and policy service are said to be: somebody listens there, and no more is asked of them. */
const settings = {
  InboundNetworkAddress: ownAddresses.v4, OutboundRedirect: "off", DestinationSvcAddr: "127.0.0.1:8086", PolicySvcAddr: "127.0.0.1:8090",
  Registration: "static", WorkloadName: "orders", WorkloadNamespace: "apps", WorkloadServerName: "orders.apps.mesh.test", WorkloadIdentity: machineId,
};

const agentExecutable = "C:\\spire\\spire-agent.exe";

async function layAgent(wine: Wine, spire: Spire): Promise<void> {
  const folder = join(wine.drive, "spire");
  mkdirSync(join(folder, "agent"), { recursive: true });
  copyFileSync(await buildWindowsAgent(), join(folder, "spire-agent.exe"));
  for (const name of ["root.crt", "node.crt", "node.key"]) copyFileSync(join(spire.folder, name), join(folder, name));
  writeFileSync(join(folder, "agent.conf"), renderAgentConfig({ folder: "C:/spire", trustDomain: spire.trustDomain, port: spire.port, workloadAttestor: windowsAttestor }));
}

// Without the limit it would read and hash our whole executable, 100 MB, at each call.
const windowsAttestor = 'WorkloadAttestor "windows" { plugin_data { discover_workload_path = true, workload_size_limit = -1 } }';

async function startAgent(wine: Wine): Promise<WineChild> {
  const agent = await wine.start({ file: agentExecutable, args: ["run", "-config", "C:\\spire\\agent.conf"], folder: "C:\\spire" });
  const said = (): string => `${agent.stdout}${agent.stderr}`;
  const ended = agent.exited.then(({ code }) => Promise.reject(new Error(`spire-agent.exe ended with ${code}: ${said()}`)));
  await Promise.race([ended, waitUntil(said, (text) => text.includes("Starting Workload and SDS APIs"), wait)]);
  ended.catch(() => undefined);
  return agent;
}

async function listen(port: number): Promise<AsyncDisposable> {
  const server = createServer((socket) => void socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}
