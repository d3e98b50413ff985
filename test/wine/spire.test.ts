import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isWindowsAgentBuildable, buildSpire, buildWindowsAgent, spireNeeds } from "../peers/spire/build.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Status } from "../../src/harness/status.ts";
import { readStatus, wait } from "./support/mesh-stage.ts";
import { account, machineId, openSpireStage, type SpireStage } from "./support/spire-stage.ts";
import { skipUnlessWine } from "./support/wine.ts";

describe("the service gets its identity from a real spire-agent.exe, under Wine", () => {
  skipUnlessWine();
  skipUnless("own network", missingForOwnNetwork() === undefined, missingForOwnNetwork() ?? "");
  skipUnless("spire", isWindowsAgentBuildable, spireNeeds);
  let stage: SpireStage;
  let entry: string;
  const narrow = (): readonly string[] => [account, `windows:path:${stage.executable}`];

  before(async function () {
    this.timeout(2_400_000);
    await buildSpire();
    await buildWindowsAgent();
    stage = await openSpireStage();
  });

  after(async function () {
    this.timeout(2 * wait);
    await stage?.[Symbol.asyncDispose]();
  });

  it("waits for an agent that is absent at start, and says what selector the entry needs", async () => {
    assert.equal((await stage.manage("start")).state, "running");
    await until((status) => status.identity.problem?.code === "SPIRE_ABSENT");
    await stage.startAgent();
    const { identity } = await until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY");
    assert.ok(identity.problem?.remedy.includes(`-selector ${account}\``), identity.problem?.remedy);
  }).timeout(5 * wait);

  it("gets nothing by an entry for another program of the same account", async () => {
    const other = await stage.spire.createEntry({ spiffeId: machineId, selectors: [account, `windows:path:${stage.agentExecutable}`] });
    // That program gets it: so the agent has the entry.
    await waitUntil(() => stage.fetchAsAgent(), ({ code }) => code === 0, wait);
    const status = await until((seen) => seen.identity.problem !== undefined);
    assert.deepEqual([status.ready, status.identity.problem?.code], [false, "SPIRE_NO_ENTRY"]);
    await stage.spire.deleteEntry(other);
  }).timeout(5 * wait);

  it("gets its SVID by an entry for its account and its path, and so does its proxy", async () => {
    entry = await stage.spire.createEntry({ spiffeId: machineId, selectors: narrow(), dnsNames: ["orders.apps.mesh.test"], ttl: 120 });
    const status = await until(({ ready }) => ready);
    assert.equal(status.identity.detail, machineId);
    assert.match(readLog(stage), new RegExp(`Certified identity id=${machineId}\\s.*"source":"proxy"`, "u"));
    assert.ok(await readProxyExpiry() > Date.now());
  }).timeout(5 * wait);

  it("follows rotations with the same proxy, which rotates too", async () => {
    const first = await until(({ ready }) => ready);
    const shown = await readProxyExpiry();
    const later = await until((status) => status.identity.expires !== first.identity.expires && status.ready);
    assert.equal(later.proxy.pid, first.proxy.pid);
    await waitUntil(readProxyExpiry, (expiry) => expiry !== shown && expiry > Date.now(), 2 * wait);
  }).timeout(5 * wait);

  it("is told when its entry goes, and gets the identity again by one with every kind of selector", async () => {
    const first = await until(({ ready }) => ready);
    await stage.spire.deleteEntry(entry);
    await until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY");
    const selectors = [...narrow(), `windows:user_name:${await stage.userName()}`, "windows:group_sid:se_group_enabled:true:S-1-5-32-544"];
    await stage.spire.createEntry({ spiffeId: machineId, selectors, dnsNames: ["orders.apps.mesh.test"] });
    const back = await until((status) => status.identity.problem === undefined && status.identity.expires !== first.identity.expires);
    assert.deepEqual([back.ready, back.proxy.pid], [true, first.proxy.pid]);
  }).timeout(5 * wait);

  it("stays in the mesh while the agent is gone, and finds it when it is back", async () => {
    const first = await until(({ ready }) => ready);
    await stage.killAgent();
    const gone = await until((status) => status.identity.problem?.code === "SPIRE_ABSENT");
    assert.deepEqual([gone.ready, gone.proxy.pid], [true, first.proxy.pid]);
    await stage.startAgent();
    const back = await until((status) => status.identity.problem === undefined && status.ready);
    assert.equal(back.proxy.pid, first.proxy.pid);
    await waitUntil(readProxyExpiry, (expiry) => expiry - Date.now() > 1_800_000, 2 * wait);
  }).timeout(5 * wait);

  it("stops with the agent alive, within its time", async () => {
    const { exit, milliseconds } = await stage.manage("stop");
    assert.deepEqual(exit, { system: 0, own: 0 });
    assert.ok(milliseconds < 25_000, `${milliseconds} ms`);
  }).timeout(wait);

  it("gives it to a `run` without the service as well", async () => {
    await using child = await stage.wine.start({ file: stage.executable, args: ["run"] });
    const status = await until(({ ready }) => ready);
    assert.equal(status.identity.detail, machineId);
    assert.equal((await stage.manage("read")).state, "stopped");
    assert.ok(child.pid > 0);
  }).timeout(5 * wait);
});

/** The harness's status once it is as wanted. */
async function until(wanted: (status: Status) => boolean): Promise<Status> {
  const found = await waitUntil(readStatus, (status) => status !== undefined && wanted(status), 2 * wait);
  assert.ok(found !== undefined);
  return found;
}

/** When the certificate ends that the proxy has, as it says itself; in milliseconds. */
async function readProxyExpiry(): Promise<number> {
  const text = await (await fetch("http://127.0.0.1:4191/metrics", { headers: { connection: "close" }, signal: AbortSignal.timeout(5000) })).text();
  return 1000 * Number(/^control_identity_cert_expiration_timestamp_seconds (\S+)$/mu.exec(text)?.[1]);
}

function readLog({ wine }: SpireStage): string {
  return readFileSync(join(wine.drive, "Program Files/Buoyant/Linkerd/harness.log"), "utf8");
}
