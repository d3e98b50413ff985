import assert from "node:assert/strict";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { meshAddress, openMeshStage, readStatus, readWorkload, wait, type MeshStage } from "./support/mesh-stage.ts";
import { skipUnlessWine } from "./support/wine.ts";

describe("a Windows machine joins the mesh as a service, under Wine", () => {
  skipUnlessWine();
  skipUnless("own network", missingForOwnNetwork() === undefined, missingForOwnNetwork() ?? "");
  let stage: MeshStage;

  before(async function () {
    this.timeout(900_000);
    stage = await openMeshStage("40s");
  });

  after(async function () {
    this.timeout(wait);
    await stage?.[Symbol.asyncDispose]();
  });

  it("is RUNNING, then serving, then Ready, with the settings of the registry alone", async () => {
    const began = performance.now();
    const { state, milliseconds } = await stage.manage("start");
    assert.equal(state, "running");
    const running = performance.now() - began;
    await waitUntil(readStatus, (status) => status?.state === "serving", wait);
    const serving = performance.now() - began;
    const status = await waitUntil(readStatus, (seen) => seen?.ready === true, wait);
    const { handles, bytes } = await stage.costOf((await stage.manage("read")).pid ?? 0);
    console.log(`      RUNNING ${milliseconds} ms after the start; seen serving ${Math.round(serving - running)} ms after that; ${handles} handles, ${Math.round(bytes / 1e6)} MB`);
    assert.equal(status?.identity.good, true);
    await waitUntil(readWorkload, (workload) => workload?.ready === true, wait);
  }).timeout(2 * wait);

  it("serves requests of peers over mTLS", async () => {
    const { code, stdout, stderr } = await stage.mesh("simulate", "call", "--dir", "C:\\mesh");
    assert.equal(code, 0, stdout + stderr);
  }).timeout(wait);

  it("is taken out of the mesh while its application fails, and is back with it", async () => {
    const turn = async (value: "on" | "off"): Promise<void> => assert.ok((await fetch(`http://127.0.0.1:8080/ready/${value}`, { method: "POST" })).ok);
    await turn("off");
    const failing = await waitUntil(readWorkload, (workload) => workload?.ready === false, wait);
    assert.equal(failing?.reason, "ApplicationNotReady");
    const status = await readStatus();
    assert.deepEqual([status?.ready, status?.application.good], [false, false]);
    await turn("on");
    await waitUntil(readWorkload, (workload) => workload?.ready === true && workload.reason === "Serving", wait);
  }).timeout(3 * wait);

  it("gets new certificates by the same stream", async () => {
    const before = (await readStatus())?.identity.expires;
    assert.ok(before !== undefined);
    const after = await waitUntil(readStatus, (status) => status?.identity.expires !== undefined && status.identity.expires > before, wait);
    assert.equal(after?.ready, true);
  }).timeout(2 * wait);

  it("says that SPIRE is away, serves on, and finds it again", async () => {
    await stage.turn("issuer", "refuse");
    const away = await waitUntil(readStatus, (status) => status?.identity.problem?.code === "SPIRE_ABSENT", wait);
    assert.match(away?.identity.problem?.what ?? "", /no such pipe/u);
    assert.equal(away?.state, "serving");
    await stage.turn("issuer", "on");
    await waitUntil(readStatus, (status) => status?.identity.problem === undefined && status?.ready === true, wait);
  }).timeout(3 * wait);

  it("starts a killed proxy again", async () => {
    const before = (await readStatus())?.proxy.pid;
    assert.ok(before !== undefined);
    await stage.kill(before);
    const status = await waitUntil(readStatus, (seen) => seen?.ready === true && seen.proxy.pid !== undefined && seen.proxy.pid !== before, wait);
    assert.equal(status?.state, "serving");
  }).timeout(2 * wait);

  it("stops within its grace while it serves: drained, proxy gone, workload kept", async () => {
    const proxy = (await readStatus())?.proxy.pid ?? 0;
    const { exit, milliseconds } = await stage.manage("stop");
    assert.deepEqual(exit, { system: 0, own: 0 });
    assert.ok(milliseconds < 25_000, `${milliseconds} ms`);
    console.log(`      stopped in ${milliseconds} ms while serving`);
    assert.equal(await stage.isAlive(proxy), false);
    const workload = await readWorkload();
    assert.deepEqual([workload?.ready, workload?.reason], [false, "Draining"]);
  }).timeout(wait);

  it("takes its proxy along when it is killed, and joins again as the same workload", async () => {
    await stage.manage("start");
    const before = await waitUntil(readStatus, (status) => status?.ready === true, wait);
    const proxy = before?.proxy.pid ?? 0;
    await stage.kill((await stage.manage("read")).pid ?? 0);
    await waitUntil(() => stage.manage("read"), ({ state }) => state === "stopped", wait);
    await waitUntil(() => stage.isAlive(proxy), (alive) => !alive, wait);
    assert.deepEqual((await stage.manage("read")).exit, { system: 1067, own: 0 });
    await stage.manage("start");
    const after = await waitUntil(readStatus, (status) => status?.ready === true, wait);
    assert.deepEqual(after?.workload?.name, before?.workload?.name);
  }).timeout(4 * wait);

  it("with the redirect on and no driver runs, is not ready, and says what to do", async () => {
    await stage.manage("stop");
    await stage.set({ OutboundRedirect: "on" });
    await stage.manage("start");
    const status = await waitUntil(readStatus, (seen) => seen?.redirect.problem !== undefined, wait);
    assert.deepEqual([status?.ready, status?.redirect.problem?.code], [false, "REDIRECT_ABSENT"]);
    assert.match(status?.redirect.problem?.remedy ?? "", /OUTBOUND_REDIRECT=off/u);
    await stage.manage("stop");
    await stage.set({ OutboundRedirect: "off" });
    await stage.manage("start");
    await waitUntil(readStatus, (seen) => seen?.ready === true, wait);
  }).timeout(4 * wait);

  it("ends with the machine's leaving, as a good end", async () => {
    const { code, stdout } = await stage.mesh("leave", "--output", "json");
    assert.equal(code, 0, stdout);
    const { exit } = await waitUntil(() => stage.manage("read"), ({ state }) => state === "stopped", wait);
    assert.deepEqual(exit, { system: 0, own: 0 });
    await waitUntil(readWorkload, (workload) => workload === undefined, wait);
  }).timeout(2 * wait);

  it("stops at once in every state on the way", async () => {
    const states: Readonly<Record<string, () => Promise<void>>> = {
      waitIdentity: () => stage.turn("issuer", "refuse"),
      waitRegistration: async () => {
        await stage.turn("issuer", "on");
        await stage.set({ ControlAddress: `${meshAddress}:1` });
      },
    };
    for (const [state, arrange] of Object.entries(states)) {
      await arrange();
      await stage.manage("start");
      await waitUntil(readStatus, (status) => status?.state === state, wait);
      await stopsAtOnce(stage, state);
    }
    // And before it has got anywhere.
    await stage.manage("start");
    await stopsAtOnce(stage, "just started");
  }).timeout(4 * wait);
});

async function stopsAtOnce(stage: MeshStage, state: string): Promise<void> {
  const { exit, milliseconds } = await stage.manage("stop");
  assert.deepEqual([state, exit], [state, { system: 0, own: 0 }]);
  assert.ok(milliseconds < 5000, `${state}: ${milliseconds} ms`);
}
