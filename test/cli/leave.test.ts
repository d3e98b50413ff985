import assert from "node:assert/strict";
import { parseLines, runInProcess, type Ran } from "./in-process.ts";
import { adminKeyPath, openAdminKey } from "../../src/harness/admin-key.ts";
import { openAdminServer } from "../../src/harness/admin-server.ts";
import type { Farewell } from "../../src/harness/departing.ts";
import { renderLastAnswer } from "../../src/harness/registration/last-answer.ts";
import type { LeaveReport } from "../../src/cli/leave/report.ts";
import type { DeregisterRequest } from "../../src/registration/generated/registration.ts";
import type { RegistrationHandlers } from "../../src/registration/server-handlers.ts";
import { encodeDuration } from "../../src/registration/messages.ts";
import { FakeHost } from "../fakes/host.ts";
import { createIssuer, FakeWorkloadApi, type FakeIssuer } from "../fakes/workload-api.ts";
import { agreeing, machineId, mintServer, openLab, registerAsk, serverName, type Lab } from "../registration/wire-lab.ts";
import { findPort } from "../support/find-port.ts";
import { anyStatus } from "../support/status.ts";

const stateDir = "/state";
const workload = { name: "orders-1", namespace: "shop", identity: machineId, serverName: "orders-1.shop.external" };

/** The command's machine, which says where everything is. */
function machine(more: Readonly<Record<string, string>>): FakeHost {
  const told = { STATE_DIR: stateDir, WORKLOAD_GROUP_NAME: "orders", WORKLOAD_GROUP_NAMESPACE: "shop", ...more };
  return Object.assign(new FakeHost(), { environment: Object.fromEntries(Object.entries(told).map(([name, value]) => [`LINKERD_MESH_${name}`, value])) });
}

async function leave(host: FakeHost): Promise<Ran & { readonly report: LeaveReport | undefined }> {
  const ran = await runInProcess(["leave", "--output", "json"], { host: () => host });
  return { ...ran, report: parseLines(ran.stdout)[0] as LeaveReport | undefined };
}

/** A harness's admin port that ends once somebody left through it. */
async function leaveThrough(farewell: Farewell, more: Readonly<Record<string, string>> = {}): Promise<Ran & { readonly report: LeaveReport | undefined }> {
  const port = await findPort();
  const host = machine({ HARNESS_ADMIN_PORT: String(port), ...more });
  await using key = await openAdminKey(host, stateDir);
  const left: AsyncDisposable[] = [];
  left.push(await openAdminServer({ host: "127.0.0.1", port }, {
    status: () => anyStatus({ workload }), metrics: async () => "", redirect: () => undefined, isAdministrator: key.isProvenBy,
    leave: async () => {
      setImmediate(() => void left.pop()?.[Symbol.asyncDispose]());
      return farewell;
    },
  }));
  const ran = await leave(host);
  await left.pop()?.[Symbol.asyncDispose]();
  return ran;
}

describe("leave, with a running harness", () => {
  it("is done by the harness, and is over when that has ended", async () => {
    const { code, report } = await leaveThrough({ noticed: 10_000 });
    assert.deepEqual({ code, report }, { code: 0, report: { outcome: "left", drainSeconds: 10, harness: "ended", workload: "shop/orders-1" } });
  });

  it("says what the harness could not tell, and ends with 1", async () => {
    const problem = { code: "REGISTRATION_AWAY", doing: "leaving", what: "nobody answered", remedy: "wait" } as const;
    const { code, report } = await leaveThrough({ problem });
    assert.deepEqual({ code, outcome: report?.outcome, told: report?.problem?.code }, { code: 1, outcome: "untold", told: "REGISTRATION_AWAY" });
  });

  it("leaves a workload that was made by hand to whoever made it", async () => {
    const { code, report } = await leaveThrough({ noticed: 0 }, { REGISTRATION: "static" });
    assert.deepEqual({ code, outcome: report?.outcome }, { code: 0, outcome: "by-hand" });
  });

  it("is refused to whoever has not the key of the state folder", async () => {
    const wrong = machine({});
    wrong.texts.set(adminKeyPath(stateDir), "guessed");
    const none = machine({});
    for (const host of [wrong, none]) {
      const port = await findPort();
      Object.assign(host.environment, { LINKERD_MESH_HARNESS_ADMIN_PORT: String(port) });
      await using _server = await openAdminServer({ host: "127.0.0.1", port }, {
        status: () => anyStatus({}), metrics: async () => "", redirect: () => undefined, isAdministrator: () => false,
        leave: () => assert.fail("it left"),
      });
      const { code, stderr } = await leave(host);
      assert.equal(code, 3);
      assert.match(stderr, /RIGHTS_MISSING/u);
    }
  });
});

describe("leave, without a harness", () => {
  it("has nothing to do where nothing was registered", async () => {
    const { code, report } = await leave(machine({ HARNESS_ADMIN_PORT: String(await findPort()) }));
    assert.deepEqual({ code, report }, { code: 0, report: { outcome: "nothing" } });
  });

  it("deregisters what the last harness registered, under this machine's own identity", async () => {
    const asked: DeregisterRequest[] = [];
    await using lab = await open(agreeing({
      deregister: async (request, { identity }) => {
        assert.equal(identity, machineId);
        asked.push(request);
        return { ok: true, answer: { drainFor: encodeDuration(10_000) } };
      },
    }));
    const { host, api } = await registered(lab);
    await using _api = api;
    const { code, report } = await leave(host);
    assert.deepEqual({ code, report }, { code: 0, report: { outcome: "left", workload: "shop/orders-1", drainSeconds: 10 } });
    assert.deepEqual(asked.map(({ leaseToken, mode }) => ({ leaseToken, mode })), [{ leaseToken: "t0k3n", mode: 1 }]);
    assert.equal(host.texts.has(`${stateDir}/registration.json`), false);
  });

  it("keeps what it knows when the service is away, says so and ends with 1", async () => {
    const lab = await open(agreeing());
    const { host, api } = await registered(lab);
    await using _api = api;
    await lab[Symbol.asyncDispose]();
    const { code, report } = await leave(host);
    assert.deepEqual({ code, outcome: report?.outcome, problem: report?.problem?.code }, { code: 1, outcome: "untold", problem: "REGISTRATION_AWAY" });
    assert.equal(host.texts.has(`${stateDir}/registration.json`), true);
  });

  it("does not disturb a harness that answers elsewhere", async () => {
    const host = machine({ HARNESS_ADMIN_PORT: String(await findPort()) });
    host.locked.add(`${stateDir}/lock`);
    const { code, report } = await leave(host);
    assert.deepEqual({ code, problem: report?.problem?.code }, { code: 1, problem: "HARNESS_RUNNING" });
  });
});

interface Service extends AsyncDisposable {
  readonly lab: Lab;
  readonly issuer: FakeIssuer;
}

/** A registration service in the trust domain of an issuer. */
async function open(handlers: RegistrationHandlers): Promise<Service> {
  const issuer = await createIssuer("root.linkerd.cluster.local");
  const { root } = issuer;
  const lab = await openLab(handlers, {}, { root, identity: await mintServer(root, [root]) });
  return { lab, issuer, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

/** A machine that was registered at the lab's server, with a Workload API that gives it its identity. */
async function registered({ lab, issuer }: Service): Promise<{ readonly host: FakeHost; readonly api: FakeWorkloadApi }> {
  const api = await FakeWorkloadApi.create();
  api.publish(await issuer.svid(machineId));
  const { host: address, port } = lab.server.address;
  const host = machine({
    HARNESS_ADMIN_PORT: String(await findPort()), SPIRE_SOCKET_ADDR: api.address, CONTROL_ADDRESS: `${address}:${port}`, CONTROL_SERVER_NAME: serverName,
  });
  const { incarnation, group } = registerAsk;
  host.texts.set(`${stateDir}/registration.json`, renderLastAnswer({
    identity: machineId, group, incarnation, savedAt: new Date(1e12),
    answer: {
      workload: { namespace: "shop", name: "orders-1" }, uid: "u", identity: machineId, serverName: workload.serverName, probe: undefined, ports: [], proxy: {}, configVersion: "c1",
      lease: { token: "t0k3n", duration: 40_000, renewInterval: 10_000, deregisterAfter: 600_000 },
    },
  }));
  return { host, api };
}
