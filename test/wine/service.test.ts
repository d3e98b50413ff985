import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enterOwnNetwork, missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openProduct, type Product } from "./support/product.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

const name = "linkerd-proxy-harness";

describe("the harness as a service, under Wine", () => {
  skipUnlessWine();
  skipUnless("own network", missingForOwnNetwork() === undefined, missingForOwnNetwork() ?? "");
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Product;

  before(async function () {
    this.timeout(600_000);
    // The harness's ports are fixed.
    stack.use(enterOwnNetwork());
    wine = stack.use(await openWine());
    product = openProduct(wine);
    writeFileSync(join(wine.drive, "proxy.exe"), "a program that is never started here");
  });

  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  it("is not installed at first, and says what to do", async () => {
    const { code, value } = await product.json("service", "status");
    assert.deepEqual([code, value], [1, { name, installed: false }]);
    const start = await product.mesh("service", "start");
    assert.equal(start.code, 1);
    assert.match(start.stderr, /SERVICE_ABSENT[^]*service install/u);
  }).timeout(60_000);

  it("is a service only for the service manager: run by hand it says so at once", async () => {
    const { code, stderr } = await product.mesh("run", "--service");
    assert.equal(code, 2);
    assert.match(stderr, /SERVICE_OUTSIDE/u);
    assert.match(stderr, /error 1063/u);
  }).timeout(60_000);

  it("is installed, and installed again, with its own account and its command in quotes", async () => {
    const { code, value } = await product.json("service", "install");
    assert.equal(code, 0);
    assert.deepEqual(
      [value["done"], value["state"], value["start"], value["account"]],
      ["made", "stopped", "automatic", `NT SERVICE\\${name}`],
    );
    const folder = join(wine.drive, "Program Files/Buoyant/Linkerd");
    assert.ok(readdirSync(folder).includes("harness.log"), readdirSync(folder).join());
    assert.match(String(value["command"]), /^"Z:\\node\\bin\\node\.exe" .*main\.ts run --service$/u);
    assert.equal((await product.json("service", "install")).value["done"], "corrected");
    assert.equal((await product.json("service", "install", "--account", "system")).value["account"], "LocalSystem");
    assert.equal((await product.json("service", "install")).value["account"], `NT SERVICE\\${name}`);
  }).timeout(60_000);

  it("that cannot work ends with the number of its error, which start and status read", async () => {
    const { code, stderr } = await product.mesh("service", "start");
    assert.equal(code, 3);
    assert.match(stderr, /SERVICE_ENDED/u);
    assert.match(stderr, /SETTING_REQUIRED/u);
    const { value } = await product.json("service", "status");
    assert.deepEqual(value["exit"], { system: 1066, own: 10, error: "SETTING_REQUIRED" });
    assert.match(readFileSync(join(wine.drive, "Program Files/Buoyant/Linkerd/harness.log"), "utf8"), /SETTING_REQUIRED/u);
  }).timeout(60_000);

  it("runs with the settings of the registry, waits for its identity, and stops", async () => {
    await product.set({
      InboundNetworkAddress: "10.1.2.3", OutboundRedirect: "off", Registration: "static", WorkloadName: "w", WorkloadNamespace: "n",
      WorkloadServerName: "w.n", WorkloadIdentity: "spiffe://a.test/w", ProxyPath: "C:\\proxy.exe",
    });
    const started = await product.json("service", "start");
    assert.deepEqual([started.code, started.value["done"], started.value["state"]], [0, "started", "running"]);
    assert.equal((await product.json("service", "start")).value["done"], "nothing");
    const status = await product.json("status");
    assert.deepEqual([status.code, status.value["state"], status.value["ready"]], [1, "waitIdentity", false]);
    const stopped = await product.json("service", "stop");
    assert.deepEqual([stopped.code, stopped.value["done"], stopped.value["exit"]], [0, "stopped", { system: 0, own: 0 }]);
    assert.equal((await product.json("service", "stop")).value["done"], "nothing");
  }).timeout(60_000);

  it("that is killed is known as ended by the system, and starts again", async () => {
    const { value } = await product.json("service", "start");
    await wine.run({ file: wine.node, args: ["-e", `process.kill(${String(value["pid"])})`] });
    const seen = await waitUntil(() => product.json("service", "status"), ({ value: { state } }) => state === "stopped");
    assert.deepEqual(seen.value["exit"], { system: 1067, own: 0 });
    assert.equal((await product.json("service", "start")).value["done"], "started");
  }).timeout(60_000);

  it("leaves no room for a second harness", async () => {
    const { code, stderr } = await product.mesh("run", "--harness-admin-port", "14192", "--proxy-admin-port", "14191", "--proxy-inbound-port", "14143", "--proxy-outbound-port", "14140");
    assert.equal(code, 3);
    assert.match(stderr, /HARNESS_RUNNING/u);
  }).timeout(60_000);

  for (const [kind, code] of [["busy", "SPIRE_BUSY"], ["denied", "SPIRE_PIPE_DENIED"], ["wrong", "SPIRE_PROTOCOL"]] as const) {
    it(`says of a pipe that is ${kind}: ${code}, and goes on trying`, async () => {
      await using server = await product.start("test/wine/scripts/bad-pipe.ts", kind);
      await waitUntil(() => server.stdout, (text) => text.includes("open"), 30_000);
      await product.json("service", "stop");
      await product.set({ SpireSocketAddr: `\\\\.\\pipe\\linkerd-mesh-bad-${kind}` });
      await product.json("service", "start");
      const seen = await waitUntil(() => product.json("status"), ({ value: { identity } }) => (identity as { problem?: unknown } | undefined)?.problem !== undefined, 30_000);
      assert.equal((seen.value["identity"] as { problem: { code: string } }).problem.code, code);
    }).timeout(90_000);
  }

  it("is removed while it runs: stopped first", async () => {
    const { code, value } = await product.json("service", "remove");
    assert.deepEqual([code, value], [0, { name, installed: false, done: "removed" }]);
    assert.deepEqual((await product.json("service", "remove")).value, { name, installed: false, done: "nothing" });
  }).timeout(60_000);
});

/** How a service of a test was seen. */
interface Seen {
  readonly state: string;
  readonly exit: { readonly system: number; readonly own: number };
  readonly milliseconds: number;
}

describe("a service's life, under Wine", () => {
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Product;

  before(async function () {
    this.timeout(600_000);
    wine = stack.use(await openWine());
    product = openProduct(wine);
  });

  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  const make = (manner: string): Promise<unknown> => product.script("test/wine/scripts/manager.ts", "make", manner, wine.node, ...product.args("test/wine/scripts/service.ts", manner, manner));
  const tellsOf = (manner: string): string => {
    const path = join(wine.drive, `crash-${manner}`);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const manage = async (task: string, manner: string, ...rest: readonly string[]): Promise<Seen> => (await product.script("test/wine/scripts/manager.ts", task, manner, ...rest)) as Seen;

  it("that fails at once is stopped with its own number", async () => {
    await make("failing");
    await manage("start", "failing");
    const { state, exit } = await manage("read", "failing");
    assert.deepEqual([state, exit], ["stopped", { system: 1066, own: 7 }]);
  }).timeout(60_000);

  it("that crashes tells so before it dies, instead of hanging in Node's exit", async () => {
    await make("crashing");
    await manage("start", "crashing");
    const { exit } = await waitUntil(() => manage("read", "crashing"), ({ state }) => state === "stopped");
    assert.deepEqual(exit, { system: 1066, own: 7 });
    assert.equal(await waitUntil(() => tellsOf("crashing"), (text) => text !== ""), "Error: nobody catches this");
  }).timeout(60_000);

  it("that does not end when it shall is ended, within its patience", async () => {
    await make("deaf");
    assert.equal((await manage("start", "deaf")).state, "running");
    const { exit, milliseconds } = await manage("stop", "deaf");
    assert.deepEqual(exit, { system: 1066, own: 7 });
    assert.ok(milliseconds < 5000, `${milliseconds} ms`);
    assert.match(await waitUntil(() => tellsOf("deaf"), (text) => text !== ""), /did not end in time/u);
  }).timeout(60_000);

  it("whose start takes long becomes one that can be stopped", async () => {
    await make("slow");
    const { state, milliseconds } = await manage("start", "slow");
    assert.equal(state, "running");
    assert.ok(milliseconds > 15_000 && milliseconds < 30_000, `${milliseconds} ms`);
    assert.equal((await manage("stop", "slow")).state, "stopped");
  }).timeout(60_000);

  it("is started and stopped a hundred times", async () => {
    await make("good");
    const result = (await product.script("test/wine/scripts/manager.ts", "cycle", "good", "100")) as { times: { started: number; stopped: number }[] };
    assert.equal(result.times?.length, 100, JSON.stringify(result).slice(0, 400));
    const sorted = (field: "started" | "stopped"): number[] => result.times.map((time) => time[field]).toSorted((a, b) => a - b);
    console.log(`      start median ${sorted("started")[50]} ms, worst ${sorted("started")[99]}; stop median ${sorted("stopped")[50]} ms, worst ${sorted("stopped")[99]}`);
  }).timeout(300_000);
});
