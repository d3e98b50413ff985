import assert from "node:assert/strict";
import { rmSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { GroupTrouble } from "../../src/registration/directory.ts";
import { parseLines } from "../cli/in-process.ts";
import { waitUntil } from "../support/wait-until.ts";
import { groupFile, pinnedName, RegistrationStage, serviceId, type ServiceProcess } from "./support/registration-stage.ts";

// A machine's rate: five calls at once, then one a second.
function patiently<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  return waitUntil(look, wanted, 20_000);
}

async function troublesOf(service: ServiceProcess): Promise<readonly GroupTrouble[]> {
  return (JSON.parse((await service.get("/v1/groups")).text) as { troubles: readonly GroupTrouble[] }).troubles;
}

describe("linkerd-mesh autoregister", function () {
  this.timeout(60_000);

  it("registers a machine, tells it of a group edit, and keeps a group whose file breaks", async () => {
    await using stage = await RegistrationStage.create();
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    assert.deepEqual(await service.readiness(), { ready: true, reason: "serving", problems: [] });
    assert.deepEqual([await machine.register(), await machine.renew()], ["ok", "ok"]);
    assert.equal(machine.renewed?.configChanged, false);
    stage.write("orders.yaml", groupFile({ tier: "gold" }));
    await patiently(async () => [await machine.renew(), machine.renewed?.configChanged], (seen) => seen[1] === true);
    stage.write("orders.yaml", "kind: {{");
    assert.equal((await waitUntil(() => troublesOf(service), ({ length }) => length === 1))[0]?.file, "orders.yaml");
    assert.equal(await service.metric("group_troubles"), 1);
    assert.deepEqual([await service.metric("groups"), await machine.register(), machine.registered?.workload.namespace], [1, "ok", "shop"]);
    await waitUntil(() => service.metric('workloads{namespace="shop",group="orders",ready="true"}'), (count) => count === 1);
    stage.write("orders.yaml", groupFile());
    await waitUntil(() => troublesOf(service), ({ length }) => length === 0);
    assert.ok(await service.metric('calls_total{method="Register",reason="OK"}') >= 2);
  });

  it("prints one object when it is open, and ends with 0 when it is told to", async () => {
    await using stage = await RegistrationStage.create();
    const service = await stage.start("--output", "json");
    await service.serving();
    const { code, stdout } = await service.end("SIGTERM");
    assert.equal(code, 0);
    assert.deepEqual(parseLines(stdout), [{ listen: `${stage.host}:${stage.port}`, admin: service.admin, authMode: "tls", identity: serviceId, store: "disk", groupsDir: stage.groupsDir, groups: 1, troubles: 0 }]);
    assert.equal(statSync(join(stage.stateDir, "token.key")).mode & 0o777, 0o600);
    assert.equal(statSync(stage.stateDir).mode & 0o777, 0o700);
  });

  it("killed and started again on its disk, knows its machines and their tokens", async () => {
    await using stage = await RegistrationStage.create();
    const [first, machine] = [await stage.start(), await stage.machine()];
    await first.serving();
    assert.equal(await machine.register(), "ok");
    const key = readFileSync(join(stage.stateDir, "token.key"), "utf8");
    await first.end("SIGKILL");
    const second = await stage.start();
    await second.serving();
    assert.deepEqual([await patiently(() => machine.renew(), (seen) => seen === "ok"), machine.renewed?.configChanged], ["ok", false]);
    assert.equal(readFileSync(join(stage.stateDir, "token.key"), "utf8"), key);
  });

  it("in memory forgets everything, and leaves nothing on the disk", async () => {
    await using stage = await RegistrationStage.create();
    const [first, machine] = [await stage.start("--store", "memory"), await stage.machine()];
    await first.serving();
    assert.equal(await machine.register(), "ok");
    await first.end("SIGKILL");
    const second = await stage.start("--store", "memory");
    await second.serving();
    assert.equal(await patiently(() => machine.renew(), (seen) => seen !== "UNAVAILABLE" && seen !== "unknown"), "LEASE_INVALID");
    assert.throws(() => statSync(stage.stateDir), { code: "ENOENT" });
  });

  it("twice on one disk: one serves, the other stands by and takes over when the first is killed, again and again", async () => {
    await using stage = await RegistrationStage.create();
    const machine = await stage.machine();
    let serving = await stage.start();
    await serving.serving();
    assert.equal(await machine.register(), "ok");
    for (let turn = 0; turn < 3; turn += 1) {
      const standby = await stage.start();
      assert.equal((await waitUntil(() => standby.readiness(), (seen) => seen !== undefined && seen.reason !== "starting"))?.reason, "standing by");
      assert.equal(await patiently(() => machine.renew(), (seen) => seen === "ok"), "ok");
      await serving.end("SIGKILL");
      await standby.serving();
      assert.equal(await patiently(() => machine.renew(), (seen) => seen === "ok"), "ok");
      await waitUntil(() => standby.metric("leader"), (leads) => leads === 1);
      serving = standby;
    }
  });

  it("waits for SPIRE, running and not ready, and says why", async () => {
    await using stage = await RegistrationStage.create({ started: false });
    const service = await stage.start();
    const waiting = await waitUntil(() => service.readiness(), (seen) => (seen?.problems.length ?? 0) > 0);
    assert.deepEqual([waiting?.ready, waiting?.reason, waiting?.problems[0]?.code], [false, "waiting for an identity", "SPIRE_ABSENT"]);
    assert.equal((await service.get("/healthz")).status, 200);
    await stage.agent.start();
    await service.serving();
    assert.deepEqual(await service.readiness(), { ready: true, reason: "serving", problems: [] });
  });

  it("says that its certificate lacks the name that machines ask for, with the remedy, and takes the next one", async () => {
    await using stage = await RegistrationStage.create({ dnsNames: ["other.example"] });
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    const seen = await service.readiness();
    assert.deepEqual([seen?.ready, seen?.problems[0]?.code], [true, "SERVER_NAME_MISSING"]);
    assert.match(seen?.problems[0]?.remedy ?? "", new RegExp(`-dns ${pinnedName}`, "u"));
    assert.equal(await machine.register(), "SERVER_NAME");
    const expires = await service.metric("identity_expiration_timestamp_seconds");
    await stage.publish();
    await waitUntil(() => service.readiness(), (now) => now?.problems.length === 0);
    assert.equal(await patiently(() => machine.register(), (told) => told === "ok"), "ok");
    assert.ok(await service.metric("identity_expiration_timestamp_seconds") >= expires);
  });

  it("goes on without SPIRE while its certificate is good, and says so when it is not", async () => {
    await using stage = await RegistrationStage.create();
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    await stage.agent.stop();
    assert.deepEqual([await machine.register(), (await service.readiness())?.ready], ["ok", true]);
    await stage.publish([pinnedName], { expiresAt: new Date(Date.now() + 5000) });
    await stage.agent.start();
    const expired = await waitUntil(() => service.readiness(), (seen) => seen?.ready === false, 20_000);
    assert.deepEqual([expired?.reason, expired?.problems.map(({ code }) => code)], ["trouble with the identity", ["SVID_EXPIRED"]]);
    await stage.publish();
    await waitUntil(() => service.readiness(), (seen) => seen?.ready === true);
  });

  it("behind a mesh's proxy believes what the proxy says of the caller, and warns of who comes past it", async () => {
    await using stage = await RegistrationStage.create({ started: false });
    const service = await stage.start("--auth-mode", "sidecar");
    await service.serving();
    assert.deepEqual([await stage.registerPlain("spiffe://mesh.test/vm/one"), await stage.registerPlain("spiffe://other.test/vm/one"), await stage.registerPlain()], ["ok", "IDENTITY_NOT_ALLOWED", "NO_IDENTITY"]);
    assert.match((await service.end("SIGTERM")).stderr, /warn .*past the proxy/u);
  });

  it("rotates its certificate without losing a call", async () => {
    await using stage = await RegistrationStage.create();
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    assert.equal(await machine.register(), "ok");
    for (let count = 0; count < 4; count += 1) {
      await stage.publish();
      assert.equal(await machine.renew(), "ok");
    }
    await waitUntil(() => service.running.child.exitCode, (code) => code === null);
  });

  it("told to stop while a hundred machines are connected, is gone within five seconds", async () => {
    await using stage = await RegistrationStage.create();
    const service = await stage.start();
    await service.serving();
    const machines = await Promise.all(Array.from({ length: 100 }, (_, index) => stage.machine(`m${index}`)));
    assert.deepEqual(new Set(await Promise.all(machines.map((machine) => machine.register()))), new Set(["ok"]));
    assert.equal(await service.metric("connections"), 100);
    const started = performance.now();
    assert.equal((await service.end("SIGTERM")).code, 0);
    assert.ok(performance.now() - started < 5000);
  });

  it("says which of its addresses is taken, and by which setting it gets another", async () => {
    await using stage = await RegistrationStage.create();
    const taken = createServer().listen({ host: stage.host, port: stage.port });
    await using _taken = { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void taken.close(() => resolve())) };
    const told = async (...more: readonly string[]): Promise<unknown> => {
      const { code, stderr } = await (await stage.start("--progress", "json", ...more)).end();
      const error = (parseLines(stderr) as readonly { type: string; code?: string; target?: string }[]).find(({ type }) => type === "error");
      return [code, error?.code, error?.target];
    };
    assert.deepEqual(await told(), [3, "PORT_TAKEN", "LISTEN_ADDRESS"]);
    assert.deepEqual(await told("--admin-address", `${stage.host}:${stage.port}`, "--listen-address", `${stage.host}:1`), [3, "PORT_TAKEN", "ADMIN_ADDRESS"]);
  });

  it("does not start without a folder of groups, a key that is one, or settings", async () => {
    await using stage = await RegistrationStage.create();
    const fails = async (...more: readonly string[]): Promise<unknown> => (await (await stage.start("--progress", "json", ...more)).end()).stderr;
    stage.write("short", "c2hvcnQ=\n");
    assert.match(String(await fails("--token-key-file", join(stage.groupsDir, "short"))), /"code":"TOKEN_KEY".*a key has 5 bytes/u);
    assert.match(String(await fails("--authmode", "sidecar")), /"code":"USAGE"/u);
    rmSync(stage.groupsDir, { recursive: true });
    assert.match(String(await fails()), /"code":"GROUPS_DIR".*there is no such folder/u);
  });
});
