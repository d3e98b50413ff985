import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStatus } from "../../src/harness/status-schema.ts";
import type { Status } from "../../src/harness/status.ts";
import { enterOwnNetwork, missingForOwnNetwork, ownAddresses } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openProduct, type Product } from "./support/product.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

const name = "linkerd-proxy-harness";
const mesh = ownAddresses.v4;
const machine = "10.79.0.2";
const wait = 60_000;

/** What the service manager says of the service, as the script tells it. */
interface Managed {
  readonly state: string;
  readonly pid?: number;
  readonly exit: { readonly system: number; readonly own: number };
  readonly milliseconds: number;
}

describe("a Windows machine joins the mesh as a service, under Wine", () => {
  skipUnlessWine();
  skipUnless("own network", missingForOwnNetwork() === undefined, missingForOwnNetwork() ?? "");
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Product;

  before(async function () {
    this.timeout(600_000);
    stack.use(enterOwnNetwork());
    execFileSync("ip", ["address", "add", `${machine}/24`, "dev", "mesh0"]);
    wine = stack.use(await openWine());
    product = openProduct(wine);
    const simulator = stack.use(await product.start(
      "src/main.ts", "simulate", "--dir", "C:\\mesh", "--registration", "own", "--listen", mesh, "--machine-address", machine, "--service-address", mesh,
      "--machines-service", "127.0.0.2", "--ttl", "40s", "--output", "json",
    ));
    await waitUntil(() => simulator.stdout, (text) => text.includes("\n"), wait);
    for (const address of ["127.0.0.1", machine]) stack.use(await product.start("src/main.ts", "simulate", "app", "--listen", `${address}:8080`));
    // Peer and machine are one machine here, and each has a proxy: the machine's takes other ports.
    await product.set({ ...readConfig(wine), OutboundRedirect: "off", ProxyPath: wine.node, ProxyInboundPort: "24143", LogLevel: "debug" });
    assert.equal((await product.mesh("service", "install")).code, 0);
  });

  after(async function () {
    this.timeout(wait);
    await stack.disposeAsync();
  });

  const manage = async (task: string): Promise<Managed> => (await product.script("test/wine/scripts/manager.ts", task, name)) as Managed;
  const set = async (what: string, value: string): Promise<void> => {
    const { code, stderr } = await product.mesh("simulate", "set", what, value, "--dir", "C:\\mesh");
    assert.equal(code, 0, stderr);
  };
  const isAlive = async (pid: number): Promise<boolean> => (await wine.run({ file: wine.node, args: ["-e", `process.kill(${pid}, 0)`] })).code === 0;

  it("is RUNNING, then serving, then Ready, with the settings of the registry alone", async () => {
    const began = performance.now();
    const { state, milliseconds } = await manage("start");
    assert.equal(state, "running");
    const running = performance.now() - began;
    await waitUntil(readStatus, (status) => status?.state === "serving", wait);
    const serving = performance.now() - began;
    const status = await waitUntil(readStatus, (seen) => seen?.ready === true, wait);
    console.log(`      RUNNING ${milliseconds} ms after the start; seen serving ${Math.round(serving - running)} ms after that, Ready ${Math.round(performance.now() - began - running)} ms`);
    assert.equal(status?.identity.good, true);
    await waitUntil(readWorkload, (workload) => workload?.ready === true, wait);
  }).timeout(2 * wait);

  it("serves requests of peers over mTLS", async () => {
    const { code, stdout, stderr } = await product.mesh("simulate", "call", "--dir", "C:\\mesh");
    assert.equal(code, 0, stdout + stderr);
  }).timeout(wait);

  it("gets new certificates by the same stream", async () => {
    const before = (await readStatus())?.identity.expires;
    assert.ok(before !== undefined);
    const after = await waitUntil(readStatus, (status) => status?.identity.expires !== undefined && status.identity.expires > before, wait);
    assert.equal(after?.ready, true);
  }).timeout(2 * wait);

  it("says that SPIRE is away, serves on, and finds it again", async () => {
    await set("issuer", "refuse");
    const away = await waitUntil(readStatus, (status) => status?.identity.problem?.code === "SPIRE_ABSENT", wait);
    assert.match(away?.identity.problem?.what ?? "", /no such pipe/u);
    assert.equal(away?.state, "serving");
    await set("issuer", "on");
    await waitUntil(readStatus, (status) => status?.identity.problem === undefined && status?.ready === true, wait);
  }).timeout(3 * wait);

  it("starts a killed proxy again", async () => {
    const before = (await readStatus())?.proxy.pid;
    assert.ok(before !== undefined);
    await wine.run({ file: wine.node, args: ["-e", `process.kill(${before})`] });
    const status = await waitUntil(readStatus, (seen) => seen?.ready === true && seen.proxy.pid !== undefined && seen.proxy.pid !== before, wait);
    assert.equal(status?.state, "serving");
  }).timeout(2 * wait);

  it("stops within its grace while it serves: drained, proxy gone, workload kept", async () => {
    const proxy = (await readStatus())?.proxy.pid ?? 0;
    const { exit, milliseconds } = await manage("stop");
    assert.deepEqual(exit, { system: 0, own: 0 });
    assert.ok(milliseconds < 25_000, `${milliseconds} ms`);
    console.log(`      stopped in ${milliseconds} ms while serving`);
    assert.equal(await isAlive(proxy), false);
    assert.deepEqual([(await readWorkload())?.ready, (await readWorkload())?.reason], [false, "Draining"]);
  }).timeout(wait);

  it("takes its proxy along when it is killed, and joins again as the same workload", async () => {
    await manage("start");
    const before = await waitUntil(readStatus, (status) => status?.ready === true, wait);
    const { pid } = await manage("read");
    const proxy = before?.proxy.pid ?? 0;
    await wine.run({ file: wine.node, args: ["-e", `process.kill(${String(pid)})`] });
    await waitUntil(() => manage("read"), ({ state }) => state === "stopped", wait);
    await waitUntil(() => isAlive(proxy), (alive) => !alive, wait);
    assert.deepEqual((await manage("read")).exit, { system: 1067, own: 0 });
    await manage("start");
    const after = await waitUntil(readStatus, (status) => status?.ready === true, wait);
    assert.deepEqual(after?.workload?.name, before?.workload?.name);
  }).timeout(4 * wait);

  it("ends with the machine's leaving, as a good end", async () => {
    const { code, stdout } = await product.mesh("leave", "--output", "json");
    assert.equal(code, 0, stdout);
    const { exit } = await waitUntil(() => manage("read"), ({ state }) => state === "stopped", wait);
    assert.deepEqual(exit, { system: 0, own: 0 });
    await waitUntil(readWorkload, (workload) => workload === undefined, wait);
  }).timeout(2 * wait);

  it("stops at once in every state on the way", async () => {
    const states: Readonly<Record<string, () => Promise<void>>> = {
      waitIdentity: () => set("issuer", "refuse"),
      waitRegistration: async () => {
        await set("issuer", "on");
        await product.set({ ControlAddress: `${mesh}:1` });
      },
    };
    for (const [state, arrange] of Object.entries(states)) {
      await arrange();
      await manage("start");
      await waitUntil(readStatus, (status) => status?.state === state, wait);
      const { exit, milliseconds } = await manage("stop");
      assert.deepEqual([state, exit], [state, { system: 0, own: 0 }]);
      assert.ok(milliseconds < 5000, `${state}: ${milliseconds} ms`);
    }
    // And before it has got anywhere.
    await manage("start");
    const { exit, milliseconds } = await manage("stop");
    assert.deepEqual(exit, { system: 0, own: 0 });
    assert.ok(milliseconds < 5000, `${milliseconds} ms`);
  }).timeout(4 * wait);
});

/** What the harness says on its admin port, which Linux reaches as well; undefined while nobody answers. */
async function readStatus(): Promise<Status | undefined> {
  try {
    return parseStatus(await (await fetch("http://127.0.0.1:4192/status", { signal: AbortSignal.timeout(5000) })).json());
  } catch {
    return undefined;
  }
}

interface Workload {
  readonly ready: boolean;
  readonly reason: string;
}

async function readWorkload(): Promise<Workload | undefined> {
  const { workloads } = (await (await fetch("http://127.0.0.1:9996/v1/workloads", { signal: AbortSignal.timeout(5000) })).json()) as { workloads: readonly Workload[] };
  return workloads[0];
}

/** The config file that the simulator wrote for the machine, under the names of the registry. */
function readConfig(wine: Wine): Readonly<Record<string, string>> {
  const lines = readFileSync(join(wine.drive, "mesh/config.yaml"), "utf8").split("\n").map((line) => /^(\w)(\w+): (.*)$/u.exec(line)).filter((found) => found !== null);
  return Object.fromEntries(lines.map(([, first = "", rest = "", value = ""]) => [first.toUpperCase() + rest, value]));
}
