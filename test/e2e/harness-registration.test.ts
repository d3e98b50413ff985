import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Status } from "../../src/harness/status.ts";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openApplication } from "./support/application.ts";
import { assertEndsCleanly } from "./support/endings.ts";
import { RegistrationServiceOnStage, shortGroup } from "./support/registration-service.ts";
import { machineId, Stage, type Told } from "./support/stage.ts";

const reason = missingForOwnNetwork();
const serving = `${machineId} True Serving`;
const other = "spiffe://mesh.test/other";

/** Lets the machine's time run ahead until what is seen is as wanted: no test waits for a renewal. */
function hasten<T>(stage: Stage, look: () => T | Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  const ahead = (): T | Promise<T> => {
    stage.clock.leap(200);
    return look();
  };
  return waitUntil(ahead, wanted);
}

/** The status once it is as wanted, with time running ahead. */
async function soon(stage: Stage, wanted: (status: Status) => boolean): Promise<Status> {
  const found = await hasten(stage, () => stage.status(), (status) => status !== undefined && wanted(status));
  assert.ok(found !== undefined);
  return found;
}

/** Resolves when the store holds just this. */
async function untilStored(stage: Stage, service: RegistrationServiceOnStage, ...wanted: readonly string[]): Promise<void> {
  await hasten(stage, () => service.workloads(), (lines) => JSON.stringify(lines) === JSON.stringify(wanted));
}

/** A machine of the stage that is ready, as its group sees it too. */
async function joinGroup(stage: Stage, service: RegistrationServiceOnStage, more: Told = {}): Promise<Status> {
  const status = await stage.serving({ ...service.settings, ...more });
  await untilStored(stage, service, serving);
  return status;
}

/** What an operator reads of a registration that is not good: its code, and a remedy. */
function told({ registration: { good, detail, problem } }: Status): readonly unknown[] {
  assert.equal(detail, problem?.what);
  assert.notEqual(problem?.remedy, "");
  return [good, problem?.code];
}

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

describe("an edit of the group", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(15_000);
  const proxy = { destinationAddr: "127.0.0.1:8086", policyAddr: "127.0.0.1:8090" };

  it("of labels restarts no proxy", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const before = await joinGroup(stage, service);
    service.group(shortGroup({ labels: { app: "orders", tier: "gold" } }));
    await hasten(stage, () => service.labels(), (labels) => labels?.["tier"] === "gold");
    assert.deepEqual(service.calls.filter((call) => call === "register"), ["register", "register"]);
    const after = await stage.until(({ ready }) => ready);
    assert.deepEqual([after.proxy.pid, stage.log.messages.filter((line) => line.startsWith("serving →"))], [before.proxy.pid, []]);
    await assertEndsCleanly(stage);
  });

  it("of what the proxy is told starts it again with that, and traffic is refused meanwhile", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root, shortGroup({ proxy }));
    await stage.proxy.behave("ignoresStop");
    const unsaid = { DESTINATION_SVC_ADDR: undefined, POLICY_SVC_ADDR: undefined, PROXY_PATH: stage.proxy.path, SHUTDOWN_GRACE: "1s" };
    const before = await joinGroup(stage, service, unsaid);
    assert.match(await stage.proxyVariable(before.proxy.pid, "DESTINATION_SVC_ADDR"), /127\.0\.0\.1:8086$/u);
    await stage.proxy.behave("good");
    await using _moved = await openApplication(8087);
    service.group(shortGroup({ proxy: { ...proxy, destinationAddr: "127.0.0.1:8087" } }));
    const during = await stage.until(({ state, redirect }) => state === "restarting" && redirect.inForce === "refuse");
    assert.deepEqual([during.ready, stage.inForce()], [false, "refuse"]);
    const after = await stage.until(({ ready }) => ready);
    assert.notEqual(after.proxy.pid, before.proxy.pid);
    assert.match(await stage.proxyVariable(after.proxy.pid, "DESTINATION_SVC_ADDR"), /127\.0\.0\.1:8087$/u);
    await assertEndsCleanly(stage);
  });

  it("of what the machine says itself changes nothing; what cannot be used is told", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const before = await joinGroup(stage, service);
    service.group(shortGroup({ proxy: { destinationAddr: "elsewhere:1", defaultInboundPolicy: "perhaps" } }));
    const after = await soon(stage, ({ registration }) => registration.problem !== undefined);
    assert.deepEqual([after.registration.problem?.code, after.ready, after.proxy.pid], ["GROUP_VALUES", true, before.proxy.pid]);
    assert.match(await stage.proxyVariable(after.proxy.pid, "DESTINATION_SVC_ADDR"), /127\.0\.0\.1:8086$/u);
    assert.deepEqual(stage.log.messages.filter((line) => line.startsWith("serving →")), []);
    service.group(shortGroup());
    await soon(stage, ({ registration }) => registration.problem === undefined);
    await assertEndsCleanly(stage);
  });

  it("that takes it away makes the machine not ready and leaves its proxy alone", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const before = await joinGroup(stage, service);
    service.group(undefined);
    const without = await soon(stage, ({ ready }) => !ready);
    assert.deepEqual([...told(without), without.proxy.pid, stage.inForce()], [false, "GROUP_NOT_FOUND", before.proxy.pid, "redirect"]);
    service.group(shortGroup());
    stage.clock.leap(16_500);
    const back = await soon(stage, ({ ready }) => ready);
    assert.equal(back.proxy.pid, before.proxy.pid);
    await assertEndsCleanly(stage);
  });
});

describe("the group's probe", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(15_000);
  const times = { initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 };
  const probe = { action: { kind: "httpGet", host: "", port: 8000, path: "/healthz", scheme: "HTTP", headers: {} }, ...times } as const;

  it("decides with the rest, and its verdict reaches the group within a second, not with the next renewal", async () => {
    await using stage = await Stage.set();
    const lazy = { ...shortGroup().lease, renewInterval: 60_000, duration: 180_000 };
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root, shortGroup({ probe, lease: lazy }));
    await using application = await openApplication(8000);
    await stage.serving(service.settings);
    await waitUntil(() => service.workloads(), ([line]) => line === serving);
    for (const [status, health, condition] of [[500, 503, `${machineId} False ApplicationNotReady`], [200, 200, serving]] as const) {
      application.status = status;
      await stage.until(({ application: { good } }) => good === (status === 200));
      const seen = performance.now();
      assert.equal(await stage.health(), health);
      await waitUntil(() => service.workloads(), ([line]) => line === condition);
      assert.ok(performance.now() - seen < 1000);
    }
    assert.ok(application.paths.length > 2 && application.paths.every((path) => path === "/healthz"));
    await assertEndsCleanly(stage);
  });

  it("at the harness's own admin port is never sent", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root, shortGroup({ probe: { ...probe, action: { ...probe.action, port: 4192, path: "/ready" } } }));
    const { application } = await joinGroup(stage, service);
    assert.deepEqual(application, { good: true, detail: "not probed" });
    await assertEndsCleanly(stage);
  });
});

describe("a machine that registered", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(15_000);

  it("with a rotated certificate stays who it is and does not register again", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const before = await joinGroup(stage, service);
    stage.agent.publish(await stage.issuer.svid(machineId, { expiresAt: new Date(Date.now() + 7_200_000) }));
    await stage.until(({ identity }) => Date.parse(identity.expires ?? "") > Date.now() + 7_000_000);
    const renewals = service.calls.length;
    await hasten(stage, () => service.calls.length, (calls) => calls > renewals + 1);
    const after = await stage.until(({ ready }) => ready);
    assert.deepEqual([after.workload, after.proxy.pid, service.calls.filter((call) => call === "register").length], [before.workload, before.proxy.pid, 1]);
    await assertEndsCleanly(stage);
  });

  it("with another identity is another workload, and takes back the one before", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    const before = await joinGroup(stage, service, { WORKLOAD_IDENTITY: undefined });
    stage.agent.publish(await stage.issuer.svid(other));
    const after = await stage.until(({ ready, workload }) => ready && workload?.identity === other);
    assert.notEqual(after.workload?.name, before.workload?.name);
    await hasten(stage, () => service.workloads(), (lines) => lines.includes(`${other} True Serving`));
    // What drained is deleted by the leader.
    await waitUntil(async () => {
      await service.round();
      return service.workloads();
    }, (lines) => lines.length === 1);
    await assertEndsCleanly(stage);
  });

  it("leaves for good when asked to: the workload goes after its drain, the harness ends by itself, and nothing is left", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await joinGroup(stage, service);
    assert.deepEqual(await stage.leave(), { noticed: 200 });
    assert.equal(await stage.end(), undefined);
    assert.deepEqual(await service.workloads(), [`${machineId} False Draining`]);
    await waitUntil(async () => {
      await service.round();
      return service.workloads();
    }, (lines) => lines.length === 0);
    await stage.assertNothingLeft();
    await assert.rejects(readFile(join(stage.folder, "state", "registration.json"), "utf8"), { code: "ENOENT" });
  });

  for (const minutes of [-5, 5]) {
    it(`whose clock jumps by ${minutes} min stays ready and goes on renewing`, async () => {
      await using stage = await Stage.set();
      await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
      const { proxy } = await joinGroup(stage, service);
      stage.clock.offset = minutes * 60_000;
      const renewals = service.calls.length;
      await hasten(stage, () => service.calls.length, (calls) => calls > renewals + 1);
      const after = await stage.until(({ registration }) => registration.lease?.state === "held");
      assert.deepEqual([after.ready, after.proxy.pid, after.state, service.calls.filter((call) => call === "register").length], [true, proxy.pid, "serving", 1]);
      assert.deepEqual(await service.workloads(), [serving]);
      await assertEndsCleanly(stage);
    });
  }
});
