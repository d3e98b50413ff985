import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { missingForOwnNetwork } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openApplication } from "./support/application.ts";
import { assertEndsCleanly } from "./support/endings.ts";
import { hasten, joinGroup, serving, soon, told } from "./support/hasten.ts";
import { RegistrationServiceOnStage, shortGroup } from "./support/registration-service.ts";
import { machineId, Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();
const other = "spiffe://mesh.test/other";

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

  it("leaves for good also where nobody can be told, says so, and keeps what a later try needs", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    await joinGroup(stage, service);
    await service.stop();
    const { problem } = (await stage.leave()) as { readonly problem?: { readonly code: string } };
    assert.equal(problem?.code, "REGISTRATION_AWAY");
    assert.equal(await stage.end(), undefined);
    await stage.assertNothingLeft();
    assert.match(await readFile(join(stage.folder, "state", "registration.json"), "utf8"), /"token"/u);
  });

  it("leaves for good before it ever joined, with nothing to tell", async () => {
    await using stage = await Stage.set();
    await using service = await RegistrationServiceOnStage.open(stage.issuer.root);
    service.group(undefined);
    await stage.start(service.settings);
    await stage.until(({ registration }) => registration.problem !== undefined);
    assert.deepEqual(await stage.leave(), { noticed: 0 });
    assert.equal(await stage.end(), undefined);
    assert.deepEqual(service.calls, ["register"]);
    await stage.assertNothingLeft();
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
