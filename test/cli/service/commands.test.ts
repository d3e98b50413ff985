import assert from "node:assert/strict";
import { MeshError } from "../../../src/model/errors.ts";
import type { Clock, ServiceFacts } from "../../../src/platform/host.ts";
import { FakeHost } from "../../fakes/host.ts";
import { parseLines, runInProcess, type Ran } from "../in-process.ts";

const name = "linkerd-proxy-harness";
const stopped: ServiceFacts = { state: "stopped", pid: undefined, start: "automatic", account: `NT SERVICE\\${name}`, command: '"a.exe" run --service', exit: { system: 0, own: 0 } };
const running: ServiceFacts = { ...stopped, state: "running", pid: 7 };

function machine(facts?: ServiceFacts, ...next: Partial<ServiceFacts>[]): FakeHost {
  const host = Object.assign(new FakeHost(), { os: "win32", clock: hastyClock() });
  if (facts !== undefined) host.services.installed.set(name, facts);
  host.services.next.push(...next);
  return host;
}

/** A clock on which every sleep is over at once. */
function hastyClock(): Clock {
  let passed = 0;
  const sleep = (milliseconds: number): Promise<void> => Promise.resolve(void (passed += milliseconds));
  return { now: () => new Date(passed), monotonic: () => passed, sleep };
}

const service = (host: FakeHost, ...words: readonly string[]): Promise<Ran> => runInProcess(["service", ...words], { host: () => host });

async function json(host: FakeHost, ...words: readonly string[]): Promise<{ readonly code: number; readonly report: Record<string, unknown> | undefined; readonly stderr: string }> {
  const { code, stdout, stderr } = await service(host, ...words, "--output", "json");
  return { code, stderr, report: parseLines(stdout)[0] as Record<string, unknown> | undefined };
}

describe("service install", () => {
  it("asks for a service that starts this program as one, under its own account", async () => {
    const host = machine();
    const { code, report } = await json(host, "install");
    assert.deepEqual([code, report?.["done"], report?.["state"]], [0, "made", "stopped"]);
    assert.deepEqual([host.services.spec?.command, host.services.spec?.account], [{ file: "linkerd-mesh", args: ["run", "--service"] }, "own"]);
    assert.equal((await json(host, "install", "--account", "system")).report?.["done"], "corrected");
    assert.equal(host.services.spec?.account, "system");
  });

  it("tells who may not install", async () => {
    const host = machine();
    host.services.apply = () => Promise.reject(new MeshError("SERVICE_DENIED", { doing: "installing", what: "Access is denied (error 5)" }));
    const { code, stderr } = await service(host, "install");
    assert.equal(code, 3);
    assert.match(stderr, /Access is denied[^]*SERVICE_DENIED[^]*administrator/u);
  });
});

describe("service start", () => {
  it("waits until the service runs", async () => {
    const host = machine(stopped, {}, { state: "starting" }, {}, { state: "running", pid: 7 });
    const { code, report } = await json(host, "start");
    assert.deepEqual([code, report?.["done"], report?.["pid"], host.services.asked], [0, "started", 7, [`start ${name}`]]);
  });

  it("leaves a running service alone, and waits for the end of one that stops", async () => {
    assert.equal((await json(machine(running), "start")).report?.["done"], "nothing");
    const host = machine({ ...running, state: "stopping" }, {}, { state: "stopped" }, { state: "running" });
    assert.deepEqual([(await json(host, "start")).report?.["done"], host.services.asked], ["started", [`start ${name}`]]);
  });

  it("says with which error the service ended, and that error's remedy", async () => {
    const host = machine(stopped, {}, { state: "starting" }, { state: "stopped", exit: { system: 1066, own: 33 } });
    const { code, stderr } = await service(host, "start");
    assert.equal(code, 3);
    assert.match(stderr, /PORT_TAKEN[^]*SERVICE_ENDED[^]*PROXY_INBOUND_PORT/u);
  });

  it("does not wait for ever", async () => {
    const host = machine({ ...stopped, state: "starting" });
    const { code, stderr } = await service(host, "start");
    assert.equal(code, 3);
    assert.match(stderr, /it is starting after 45 s[^]*SERVICE_TIMEOUT/u);
  });
});

describe("service stop and remove", () => {
  it("wait for the end; nothing is asked of a service that does not run", async () => {
    const host = machine(running, {}, { state: "stopping" }, { state: "stopped", pid: undefined });
    assert.deepEqual([(await json(host, "stop")).report?.["done"], host.services.asked], ["stopped", [`stop ${name}`]]);
    assert.deepEqual([(await json(host, "stop")).report?.["done"], host.services.asked], ["nothing", [`stop ${name}`]]);
  });

  it("wait until a service that starts can be stopped", async () => {
    const host = machine({ ...stopped, state: "starting" }, {}, {}, { state: "running" }, { state: "stopped" });
    assert.deepEqual([(await json(host, "stop")).report?.["done"], host.services.asked], ["stopped", [`stop ${name}`]]);
  });

  it("remove stops first, and is content when there is nothing", async () => {
    const host = machine(running, {}, {}, { state: "stopped" });
    assert.deepEqual((await json(host, "remove")).report, { name, installed: false, done: "removed" });
    assert.deepEqual(host.services.asked, [`stop ${name}`, `remove ${name}`]);
    assert.deepEqual((await json(host, "remove")).report, { name, installed: false, done: "nothing" });
  });

  it("tell of a service that is not there", async () => {
    for (const verb of ["start", "stop"]) assert.match((await service(machine(), verb)).stderr, /SERVICE_ABSENT/u);
  });
});

describe("service status", () => {
  it("is 0 for a service that runs, 1 for any other", async () => {
    assert.deepEqual([(await json(machine(running), "status")).code, (await json(machine(stopped), "status")).code, (await json(machine(), "status")).code], [0, 1, 1]);
  });

  it("tells how the service ended, by our own code or by the system's", async () => {
    const said = async (exit: ServiceFacts["exit"]): Promise<string> => (await service(machine({ ...stopped, exit }), "status")).stdout;
    assert.match(await said({ system: 1066, own: 10 }), /last end +SETTING_REQUIRED: A required setting has no value\./u);
    assert.match(await said({ system: 1066, own: 4711 }), /the service's own code 4711/u);
    assert.match(await said({ system: 1077, own: 0 }), /it has not been started since the machine was/u);
    assert.match(await said({ system: 1067, own: 0 }), /error 1067 of the system/u);
    assert.match(await said({ system: 0, own: 0 }), /as it was asked to/u);
  });
});

describe("run --service", () => {
  it("is the service: what keeps it from starting is thrown inside it, so that the service manager is told", async () => {
    const host = machine();
    const { code, stderr } = await runInProcess(["run", "--service"], { host: () => host });
    assert.equal(code, 2);
    assert.match(stderr, /SETTING_REQUIRED/u);
    assert.deepEqual(host.services.asked, [`serve ${name}`]);
  });
});
