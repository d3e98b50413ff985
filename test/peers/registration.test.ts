import assert from "node:assert/strict";
import type { Svid } from "../../src/spiffe/svid.ts";
import { watchX509Context } from "../../src/spiffe/workload-api.ts";
import { pinnedName, RegistrationStage, serviceId } from "../e2e/support/registration-stage.ts";
import { sourceAt } from "../spiffe/watch.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildSpire, isSpireBuildable, spireNeeds } from "./spire/build.ts";
import { Spire } from "./spire.ts";

const patience = 60_000;
const machineId = "spiffe://mesh.test/vm/one";

/** The identity that SPIRE gives the machine, always the newest. */
function followMachine(address: string): { readonly current: () => Svid; readonly known: () => boolean; readonly stop: AsyncDisposable } {
  const stop = new AbortController();
  let svid: Svid | undefined;
  const follow = async (): Promise<void> => {
    for await (const event of watchX509Context(sourceAt(address), stop.signal)) {
      if (event.kind === "context") svid = event.context.svids.find(({ id }) => id === machineId) ?? svid;
    }
  };
  const done = follow();
  return {
    known: () => svid !== undefined,
    current: () => {
      assert.ok(svid !== undefined);
      return svid;
    },
    stop: { [Symbol.asyncDispose]: async () => { stop.abort(); await done; } },
  };
}

describe("the registration service with a real SPIRE", function () {
  skipUnless("spire", isSpireBuildable, spireNeeds);
  this.timeout(240_000);

  before("build", async function () {
    this.timeout(1_200_000);
    await buildSpire();
  });

  it("waits for its entry, says that the entry lacks the name, serves with it, and follows rotations and a new root", async () => {
    await using stage = await RegistrationStage.create();
    await using spire = await Spire.start();
    const service = await stage.start("--spire-socket-addr", spire.address, "--workload-identity", serviceId);
    await waitUntil(() => service.readiness(), (seen) => seen?.problems[0]?.code === "SPIRE_NO_ENTRY", patience);
    const nameless = await spire.createEntry({ spiffeId: serviceId, ttl: 20 });
    await waitUntil(() => service.readiness(), (seen) => seen?.ready === true && seen.problems[0]?.code === "SERVER_NAME_MISSING", patience);
    await spire.deleteEntry(nameless);
    for (const entry of [{ spiffeId: serviceId, ttl: 20, dnsNames: [pinnedName] }, { spiffeId: machineId, ttl: 20 }]) await spire.createEntry(entry);
    await waitUntil(() => service.readiness(), (seen) => seen?.ready === true && seen.problems.length === 0, patience);
    const svid = followMachine(spire.address);
    await using _followed = svid.stop;
    await waitUntil(svid.known, Boolean, patience);
    const machine = stage.machineAs(svid.current);
    assert.equal(await machine.register(), "ok");
    const first = [svid.current().fingerprint, await service.metric("identity_expiration_timestamp_seconds")];
    await waitUntil(async () => [svid.current().fingerprint, await service.metric("identity_expiration_timestamp_seconds")], (now) => now.every((value, index) => value !== first[index]), patience);
    assert.equal(await machine.renew(), "ok");
    const { fingerprint } = svid.current().bundle;
    await spire.rotateRoot();
    await waitUntil(() => svid.current().bundle.fingerprint, (now) => now !== fingerprint, patience);
    await spire.activateRotatedRoot();
    const signed = svid.current().chain.at(-1)?.issuer;
    await waitUntil(() => svid.current().chain.at(-1)?.issuer, (issuer) => issuer !== signed, patience);
    assert.equal(await machine.renew(), "ok");
    await spire.killAgent();
    assert.deepEqual([await machine.renew(), (await service.readiness())?.ready], ["ok", true]);
    assert.equal((await service.end("SIGTERM")).code, 0);
  });
});
