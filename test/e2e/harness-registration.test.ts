import assert from "node:assert/strict";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { assertEndsCleanly } from "./support/endings.ts";
import { hasten, joinGroup, serving, soon, told, untilStored } from "./support/hasten.ts";
import { RegistrationServiceOnStage, shortGroup } from "./support/registration-service.ts";
import { machineId, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();
const other = "spiffe://mesh.test/other";

describe("a harness that registers", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(15_000);

  it("joins: its workload is not ready until it serves, then ready; stopping drains and keeps it", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await stage.proxy.behave("neverReady");
    await stage.start({ ...service.settings, PROXY_PATH: stage.proxy.path });
    const before = await stage.until(({ registration }) => registration.good);
    assert.deepEqual([before.ready, await service.workloads()], [false, [`${machineId} False ProxyNotReady`]]);
    await stage.stop();
    await stage.proxy.behave("good");
    const status = await joinGroup(stage, service);
    assert.deepEqual([status.workload?.namespace, status.registration.lease?.state, await stage.health()], ["shop", "held", 200]);
    await assertEndsCleanly(stage);
    assert.deepEqual(await service.workloads(), [`${machineId} False Draining`]);
  });

  it("waits for its group, says so, and joins by itself once it is made", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    service.group(undefined);
    await stage.start(service.settings);
    const waiting = await stage.until(({ registration }) => registration.problem !== undefined);
    assert.deepEqual([...told(waiting), waiting.state, waiting.proxy.pid], [false, "GROUP_NOT_FOUND", "waitRegistration", undefined]);
    assert.match(waiting.registration.detail, /shop\/orders/u);
    service.group(shortGroup());
    stage.clock.leap(16_500);
    await untilStored(stage, service, serving);
    await assertEndsCleanly(stage);
  });

  it("that its group does not let in says so, and joins once it does", async () => {
    await using stage = await Stage.set();
    const strict = shortGroup();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root, { ...strict, admission: { ...strict.admission, identities: [other] } });
    await stage.start(service.settings);
    const waiting = await stage.until(({ registration }) => registration.problem !== undefined);
    assert.deepEqual([...told(waiting), await service.workloads()], [false, "IDENTITY_NOT_ALLOWED", []]);
    service.group(strict);
    stage.clock.leap(66_000);
    await untilStored(stage, service, serving);
    await assertEndsCleanly(stage);
  });

  it("whose address another living machine has says so, and joins once that has left", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await using stranger = await service.stranger(other);
    await stranger.register();
    await stage.start(service.settings);
    const waiting = await stage.until(({ registration }) => registration.problem !== undefined);
    assert.deepEqual(told(waiting), [false, "ADDRESS_IN_USE"]);
    await stranger.leave();
    stage.clock.leap(66_000);
    await hasten(stage, () => service.workloads(), (lines) => lines.includes(serving));
    await assertEndsCleanly(stage);
  });

  it("that is a clone of a living machine says so, and starts no proxy", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const { instance } = await joinGroup(stage, service);
    await stage.stop();
    // The disk's copy was started once more as well, on another machine.
    await using original = await service.stranger(machineId, { instanceId: instance.id, epoch: instance.epoch + 1 });
    assert.equal(await original.register(), "ok");
    await stage.start(service.settings);
    const clone = await stage.until(({ registration }) => registration.problem !== undefined);
    assert.deepEqual([...told(clone), clone.proxy.pid, clone.ready], [false, "DUPLICATE_INSTANCE", undefined, false]);
    assert.equal(await original.renew(), "ok");
    await assertEndsCleanly(stage);
  });

  it("that a newer process superseded is not ready, keeps proxy and redirect, and comes back when that has left", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const { instance, proxy } = await joinGroup(stage, service);
    await using newer = await service.stranger(machineId, { instanceId: instance.id, epoch: instance.epoch + 1 });
    assert.equal(await newer.register(), "ok");
    const superseded = await soon(stage, ({ ready }) => !ready);
    assert.deepEqual([...told(superseded), superseded.proxy.pid, stage.inForce(), await stage.health()], [false, "SUPERSEDED", proxy.pid, "redirect", 503]);
    await newer.leave();
    stage.clock.leap(66_000);
    const back = await soon(stage, ({ ready }) => ready);
    assert.deepEqual([back.proxy.pid, back.registration.problem], [proxy.pid, undefined]);
    await untilStored(stage, service, serving);
    await assertEndsCleanly(stage);
  });
});

describe("a registration service that is away", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(15_000);

  it("at boot is waited for where nothing was registered before", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await service.stop();
    await stage.start(service.settings);
    const waiting = await stage.until(({ registration }) => registration.problem !== undefined);
    assert.deepEqual([...told(waiting), waiting.state, waiting.proxy.pid], [false, "REGISTRATION_AWAY", "waitRegistration", undefined]);
    await service.start();
    stage.clock.leap(5000);
    await untilStored(stage, service, serving);
    await assertEndsCleanly(stage);
  });

  it("at boot does not keep out a machine that was registered before: it serves by the last answer until the service is back", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await joinGroup(stage, service);
    await stage.stop();
    await service.stop();
    stage.clock.leap(10_000);
    const alone = await stage.serving(service.settings);
    assert.deepEqual([alone.registration.problem?.code, alone.registration.lease?.state, stage.inForce(), await stage.health()], ["REGISTRATION_AWAY", "stale", "redirect", 200]);
    await service.start();
    stage.clock.leap(30_000);
    const back = await soon(stage, ({ registration }) => registration.problem === undefined);
    assert.deepEqual([back.registration.lease?.state, back.proxy.pid, back.ready], ["held", alone.proxy.pid, true]);
    await untilStored(stage, service, serving);
    await assertEndsCleanly(stage);
  });

  it("while the machine serves changes nothing but the lease; one that comes back with an empty store learns of the machine again", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const { proxy } = await joinGroup(stage, service);
    await service.stop();
    stage.clock.leap(5000);
    const alone = await soon(stage, ({ registration }) => registration.lease?.state === "stale" && registration.problem !== undefined);
    assert.deepEqual([alone.ready, alone.registration.problem?.code, alone.proxy.pid, alone.state, await stage.health()], [true, "REGISTRATION_AWAY", proxy.pid, "serving", 200]);
    await service.restartEmpty();
    stage.clock.leap(10_000);
    await untilStored(stage, service, serving);
    const back = await soon(stage, ({ registration }) => registration.problem === undefined);
    assert.deepEqual([back.registration.lease?.state, back.proxy.pid, back.ready], ["held", proxy.pid, true]);
    assert.deepEqual(stage.log.messages.filter((line) => line.startsWith("serving →")), []);
    await assertEndsCleanly(stage);
  });

  it("does not hold up a stop", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await joinGroup(stage, service);
    await service.stop();
    assert.ok(await stage.stop() < 5000);
    assert.ok(stage.log.lines.some(({ fields }) => fields["code"] === "REGISTRATION_AWAY"));
    await stage.assertNothingLeft();
  });
});
