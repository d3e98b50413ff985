import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { isWindowsAgentBuildable, buildSpire, buildWindowsAgent, spireNeeds } from "../peers/spire/build.ts";
import { missingForOwnNetwork, ownAddresses } from "../support/own-network.ts";
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
    this.timeout(wait);
    await stage?.[Symbol.asyncDispose]();
  });

  it("waits for an agent that is absent at start, and says what selector the entry needs", async () => {
    assert.equal((await stage.manage("start")).state, "running");
    await until((status) => status.identity.problem?.code === "SPIRE_ABSENT");
    await stage.startAgent();
    const { identity } = await until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY");
    assert.ok(identity.problem?.remedy.includes(`-selector ${account}\``), identity.problem?.remedy);
  }).timeout(3 * wait);

  it("gets nothing by an entry for another program of the same account", async () => {
    const other = await stage.spire.createEntry({ spiffeId: machineId, selectors: [account, `windows:path:${stage.agentExecutable}`] });
    // That program gets it: so the agent has the entry.
    await waitUntil(() => stage.fetchAsAgent(), ({ code }) => code === 0, wait);
    const status = await until((seen) => seen.identity.problem !== undefined);
    assert.deepEqual([status.ready, status.identity.problem?.code], [false, "SPIRE_NO_ENTRY"]);
    await stage.spire.deleteEntry(other);
  }).timeout(3 * wait);

  it("gets its SVID by an entry for its account and its path, and so does its proxy", async () => {
    entry = await stage.spire.createEntry({ spiffeId: machineId, selectors: narrow(), dnsNames: ["orders.apps.mesh.test"], ttl: 40 });
    const status = await until(({ ready }) => ready);
    assert.equal(status.identity.detail, machineId);
    assert.equal(subjectOf(await readProxyCertificate()), `URI:${machineId}`);
  }).timeout(3 * wait);

  it("follows rotations with the same proxy, which rotates too", async () => {
    const first = await until(({ ready }) => ready);
    const shown = await readProxyCertificate();
    const later = await until((status) => status.identity.expires !== first.identity.expires);
    assert.deepEqual([later.proxy.pid, later.ready], [first.proxy.pid, true]);
    await waitUntil(readProxyCertificate, ({ fingerprint256 }) => fingerprint256 !== shown.fingerprint256, wait);
  }).timeout(3 * wait);

  it("stays in the mesh while the agent is gone, and finds it when it is back", async () => {
    const first = await until(({ ready }) => ready);
    await stage.killAgent();
    const gone = await until((status) => status.identity.problem?.code === "SPIRE_ABSENT");
    assert.deepEqual([gone.ready, gone.proxy.pid], [true, first.proxy.pid]);
    await stage.startAgent();
    const back = await until((status) => status.identity.problem === undefined);
    assert.deepEqual([back.ready, back.proxy.pid], [true, first.proxy.pid]);
  }).timeout(3 * wait);

  it("is told when its entry goes, and gets the identity again when it is back", async () => {
    const first = await until(({ ready }) => ready);
    await stage.spire.deleteEntry(entry);
    await until((status) => status.identity.problem?.code === "SPIRE_NO_ENTRY");
    entry = await stage.spire.createEntry({ spiffeId: machineId, selectors: [...narrow(), "windows:user_name:VM\\root"], dnsNames: ["orders.apps.mesh.test"] });
    const back = await until((status) => status.identity.problem === undefined && status.ready);
    assert.notEqual(back.identity.expires, first.identity.expires);
  }).timeout(3 * wait);

  it("stops with the agent alive, within its time", async () => {
    const { exit, milliseconds } = await stage.manage("stop");
    assert.deepEqual(exit, { system: 0, own: 0 });
    assert.ok(milliseconds < 25_000, `${milliseconds} ms`);
  }).timeout(wait);

  it("gives it to a `run` without the service as well", async () => {
    await using child = await stage.wine.start({ file: stage.executable, args: ["run"] });
    const status = await until(({ ready }) => ready);
    assert.equal(status.identity.detail, machineId);
    assert.ok(child.pid > 0);
  }).timeout(3 * wait);
});

/** The harness's status once it is as wanted. */
async function until(wanted: (status: Status) => boolean): Promise<Status> {
  const found = await waitUntil(readStatus, (status) => status !== undefined && wanted(status), 2 * wait);
  assert.ok(found !== undefined);
  return found;
}

/** What the proxy shows whoever calls its inbound port. */
async function readProxyCertificate(): Promise<DetailedPeerCertificate> {
  const socket = connect({ host: ownAddresses.v4, port: 4143, servername: "orders.apps.mesh.test", rejectUnauthorized: false });
  socket.on("error", () => undefined);
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate(true);
  } finally {
    socket.destroy();
  }
}

function subjectOf(certificate: DetailedPeerCertificate): string | undefined {
  return certificate.subjectaltname?.split(", ").find((name) => name.startsWith("URI:"));
}
