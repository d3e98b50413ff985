import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readResolution } from "../../src/cli/config/resolve-settings.ts";
import { parseClusterFile } from "../../src/simulator/cluster-file.ts";
import { askSimulator, issuedSchema, simulatorStatusSchema } from "../../src/simulator/control-socket.ts";
import { callMeshed } from "../../src/simulator/mesh/meshed-call.ts";
import { at, host, makeFolder, startSimulator } from "./lab.ts";

const soon = (): AbortSignal => AbortSignal.timeout(5000);

/** Leaves a socket file behind as a killed process does. */
function leaveSocket(path: string): void {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  assert.equal(spawnSync(process.execPath, ["-e", script]).signal, "SIGKILL");
}

describe("simulator in a folder", () => {
  it("writes a config file with which the settings of a harness resolve", async () => {
    await using folder = await makeFolder();
    // A harness takes no loopback address; nobody listens at this one here.
    await using simulator = await startSimulator(folder.path, { machineAddresses: ["192.0.2.10"] });
    const { machines: [machine], workloads: [workload] } = simulator.status();
    const { settings, problems } = await readResolution(host, { flags: {}, configPath: machine?.config ?? "" }, "run");
    assert.deepEqual(problems, []);
    assert.deepEqual(
      { socket: settings?.spireSocketAddr, destination: settings?.destinationSvcAddr, name: settings?.workloadName, serverName: settings?.workloadServerName },
      { socket: machine?.socket, destination: { host: at.mesh, port: 8086 }, name: "external-workload", serverName: workload?.serverName },
    );
  });

  it("leaves nothing in the folder, and its ports are free again", async () => {
    await using folder = await makeFolder();
    for (let turn = 0; turn < 2; turn += 1) {
      await using _simulator = await startSimulator(folder.path);
      assert.deepEqual((await readdir(folder.path)).toSorted(), ["config.yaml", "control.sock", "lock", "workload-api.sock"]);
    }
    assert.deepEqual(await readdir(folder.path), []);
  });

  it("opens its control socket to its own account alone, and identities to every account", async () => {
    await using folder = await makeFolder();
    await using _simulator = await startSimulator(folder.path);
    const modes = await Promise.all(["control.sock", "workload-api.sock"].map(async (name) => (await stat(join(folder.path, name))).mode & 0o777));
    assert.deepEqual(modes, [0o600, 0o666]);
  });

  it("starts where an earlier one was killed", async () => {
    await using folder = await makeFolder();
    for (const name of ["control.sock", "workload-api.sock"]) leaveSocket(join(folder.path, name));
    await writeFile(join(folder.path, "lock"), "");
    assert.equal((await readdir(folder.path)).length, 3);
    await using _simulator = await startSimulator(folder.path);
    assert.equal(simulatorStatusSchema.parse(await askSimulator(folder.path, { path: "/status" }, soon())).listen, at.mesh);
  });

  it("refuses to start beside another one, which goes on", async () => {
    await using folder = await makeFolder();
    await using _simulator = await startSimulator(folder.path);
    await assert.rejects(startSimulator(folder.path, { listen: "127.86.0.9" }), { code: "SIMULATOR_FAILED", what: "another one runs there" });
    assert.equal(simulatorStatusSchema.parse(await askSimulator(folder.path, { path: "/status" }, soon())).listen, at.mesh);
  });

  it("refuses a folder of another account", async () => {
    await using folder = await makeFolder();
    const somebodyElse = { ...host, account: async () => ({ ...await host.account(), uid: 12_345 }) };
    await assert.rejects(startSimulator(folder.path, { host: somebodyElse }), { code: "SIMULATOR_FAILED", what: "it belongs to another account" });
    assert.deepEqual(await readdir(folder.path), []);
  });

  it("leaves nothing when a part cannot be started, and says which", async () => {
    await using folder = await makeFolder();
    const taken = createServer().listen(8090, at.mesh);
    await once(taken, "listening");
    await assert.rejects(startSimulator(folder.path), { code: "SIMULATOR_FAILED", target: `${at.mesh}:8090` });
    taken.close();
    await once(taken, "close");
    assert.deepEqual(await readdir(folder.path), []);
    await using _simulator = await startSimulator(folder.path);
  });

  it("takes Services and workloads of a file besides its own", async () => {
    await using folder = await makeFolder();
    const more = parseClusterFile('services: [{ name: orders, address: "127.86.1.2:80" }]', "cluster.yaml");
    await using simulator = await startSimulator(folder.path, { more });
    assert.equal(simulator.status().service, `http://${at.service}:80/`);
  });
});

describe("simulator: control socket", () => {
  it("issues to anybody of the mesh: the echo service takes it", async () => {
    await using folder = await makeFolder();
    await using _simulator = await startSimulator(folder.path);
    const issued = issuedSchema.parse(await askSimulator(folder.path, { path: "/issue", body: { identity: "somebody.test" } }, soon()));
    const name = "echo.mixed-env.serviceaccount.identity.linkerd.cluster.local";
    const answer = await callMeshed({ to: { ip: at.mesh, port: 4143 }, serverName: name, serverIdentity: name, port: 8080, path: "/", session: "http2", credentials: issued, rootPem: issued.rootPem }, soon());
    assert.equal(answer.status, 200);
    assert.match(answer.body, /"identity":"somebody\.test"/u);
  });

  for (const [what, question] of [
    ["a question that is none", { path: "/set", body: { nothing: true } }],
    ["an identity that is empty", { path: "/issue", body: { identity: "" } }],
    ["a path that it does not have", { path: "/other", body: {} }],
    ["a question without a body", { path: "/set" }],
  ] as const) {
    it(`says no to ${what}, and goes on`, async () => {
      await using folder = await makeFolder();
      await using _simulator = await startSimulator(folder.path);
      await assert.rejects(askSimulator(folder.path, question, soon()), { code: "SIMULATOR_SWITCH" });
      await askSimulator(folder.path, { path: "/status" }, soon());
    });
  }

  it("tells when nobody runs in the folder", async () => {
    await using folder = await makeFolder();
    await assert.rejects(askSimulator(folder.path, { path: "/status" }, soon()), { code: "SIMULATOR_FAILED" });
  });

  it("keeps no key on the disk", async () => {
    await using folder = await makeFolder();
    await using simulator = await startSimulator(folder.path);
    assert.doesNotMatch(await readFile(simulator.status().machines[0]?.config ?? "", "utf8"), /PRIVATE/u);
  });
});
