import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { MachineHealth } from "../../../src/registration/messages.ts";
import type { RegisteredMachine } from "../../../src/registration/messages-calls.ts";
import { openRegistrationClient, type RegistrationClient } from "../../../src/registration/client.ts";
import { firstX509Context } from "../../../src/spiffe/workload-api.ts";
import { createLinuxHost } from "../../../src/platform/linux/host.ts";
import { askSimulator, simulatorStatusSchema, type SimulatorStatus } from "../../../src/simulator/control-socket.ts";
import { registrationNames, defaultNames } from "../../../src/simulator/names.ts";
import { openSimulator, type RunningSimulator, type SimulateOptions } from "../../../src/simulator/run-simulator.ts";
import { planService } from "../../../src/simulator/registration/service.ts";
import { renderGroupFile } from "../../../src/simulator/registration/render-group.ts";
import { runProgram, startProgram } from "../../cli/program.ts";
import { RememberingLog } from "../../fakes/remembering-log.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { makeFolder } from "../lab.ts";

const mesh = "127.89.0.1";
const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const log = new RememberingLog();
const host = createLinuxHost({ log, environment: process.env, self: { file: process.execPath, args: [main] } });
const soon = (): AbortSignal => AbortSignal.timeout(15_000);

/** A mesh with a registration service of its own, for two machines at documentation addresses. */
async function open(folder: string, registration: SimulateOptions["registration"]): Promise<RunningSimulator> {
  return openSimulator({
    host, names: defaultNames, folder, listen: mesh, serviceAddress: "127.89.1.1", machinesAddress: "127.89.1.2", machineAddresses: ["192.0.2.1", "192.0.2.2"],
    applicationPort: 8080, ttl: 3_600_000, registration,
  });
}

function health(state: MachineHealth["state"], seq: number): MachineHealth {
  return { state, seq, reason: state === "Ready" ? "Serving" : "Starting", message: "", proxyReady: true, identityReady: true, redirectReady: true, applicationReady: state === "Ready" };
}

/** A machine as its harness registers it, by its identity and its config file alone. */
class Machine implements AsyncDisposable {
  readonly #client: RegistrationClient;
  readonly #group: { readonly namespace: string; readonly name: string };
  readonly #address: string;
  readonly #incarnation;
  #seq = 0;
  #joined: RegisteredMachine | undefined;

  private constructor(client: RegistrationClient, parts: { readonly number: number; readonly group: { readonly namespace: string; readonly name: string }; readonly address: string }) {
    this.#client = client;
    this.#group = parts.group;
    this.#address = parts.address;
    this.#incarnation = { instanceId: `9e107d9d-372b-4826-a1b2-00000000000${parts.number}`, incarnationId: `9e107d9d-372b-4826-a1b2-0000000000a${parts.number}`, startedAt: new Date(), epoch: 1 };
  }

  static async create(simulator: RunningSimulator, number: 1 | 2): Promise<Machine> {
    const paths = simulator.status().machines[number - 1];
    const config: Readonly<Record<string, string>> = parse(await readFile(paths?.config ?? "", "utf8"));
    const { svids: [svid] } = await firstX509Context({ address: config["spireSocketAddr"] ?? "", clock: host.clock, log, random: () => 0 }, soon());
    const [name = "", port = ""] = (config["controlAddress"] ?? "").split(":");
    const client = openRegistrationClient({ address: { host: name, port: Number(port) }, serverName: config["controlServerName"] ?? "", identity: () => svid, clock: host.clock, log });
    return new Machine(client, { number, group: { namespace: config["workloadGroupNamespace"] ?? "", name: config["workloadGroupName"] ?? "" }, address: config["inboundNetworkAddress"] ?? "" });
  }

  async register(): Promise<RegisteredMachine> {
    const outcome = await this.#client.register({
      group: this.#group, incarnation: this.#incarnation, addresses: [this.#address], inboundPort: 4143, labels: {}, health: health("NotReady", (this.#seq += 1)),
      facts: { harnessVersion: "1", proxyVersion: "2", os: "linux", hostname: "vm", zone: "" },
    }, soon());
    assert.ok(outcome.ok, outcome.ok ? "" : outcome.refusal.message);
    this.#joined = outcome.answer;
    return outcome.answer;
  }

  async tell(state: MachineHealth["state"]): Promise<void> {
    const joined = this.#joined;
    assert.ok(joined !== undefined);
    const outcome = await this.#client.renew({
      workload: joined.workload, token: joined.lease.token, incarnation: this.#incarnation, addresses: [this.#address], health: health(state, (this.#seq += 1)), configVersion: joined.configVersion,
    }, soon());
    assert.ok(outcome.ok, outcome.ok ? "" : outcome.refusal.message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
  }
}

/** Waits until the mesh's control plane knows its machines so. */
function knows(simulator: RunningSimulator, wanted: readonly string[]): Promise<unknown> {
  const tell = (): readonly string[] => simulator.status().workloads.map(({ address, ready, reason }) => `${address} ${ready ? "ready" : "not ready"} ${reason}`).toSorted();
  return waitUntil(tell, (seen) => JSON.stringify(seen) === JSON.stringify(wanted), 15_000);
}

describe("simulator with a registration service of its own", function () {
  this.timeout(60_000);

  it("lets machines register by the files that it writes, and its mesh knows each as it says it is", async () => {
    await using folder = await makeFolder();
    {
      await using simulator = await open(folder.path, { kind: "own", groupsDir: undefined });
      assert.deepEqual(simulator.status().workloads, []);
      await using first = await Machine.create(simulator, 1);
      await using second = await Machine.create(simulator, 2);
      const [one, two] = [await first.register(), await second.register()];
      assert.deepEqual([one.identity, two.identity], ["spiffe://root.linkerd.cluster.local/external-workload", "spiffe://root.linkerd.cluster.local/external-workload/2"]);
      assert.notEqual(one.serverName, two.serverName);
      await knows(simulator, ["192.0.2.1 not ready Starting", "192.0.2.2 not ready Starting"]);
      await first.tell("Ready");
      await knows(simulator, ["192.0.2.1 ready Serving", "192.0.2.2 not ready Starting"]);
      const told = simulatorStatusSchema.parse(await askSimulator(folder.path, { path: "/status" }, soon()));
      assert.deepEqual(told.workloads.find(({ ready }) => ready), {
        namespace: "mixed-env", name: one.workload.name, address: "192.0.2.1", port: 8080, inboundPort: 4143, identity: one.identity, serverName: one.serverName, ready: true, reason: "Serving",
      } satisfies SimulatorStatus["workloads"][number]);
      await first.tell("NotReady");
      await knows(simulator, ["192.0.2.1 not ready Starting", "192.0.2.2 not ready Starting"]);
    }
    assert.deepEqual(await readdir(folder.path), []);
  });

  it("says that no machine is ready, to who calls the machines' Service", async () => {
    await using folder = await makeFolder();
    await using _simulator = await open(folder.path, { kind: "own", groupsDir: undefined });
    const { code, stdout } = await runProgram(["simulate", "call", "--dir", folder.path, "--output", "json"]);
    assert.equal(code, 1);
    assert.match(stdout, /no machine is ready/u);
  });

  it("joins the first group of a folder, and reads it again when it changes", async () => {
    await using folder = await makeFolder();
    await using groups = await makeFolder();
    const file = join(groups.path, "orders.yaml");
    const group = (port: number): string => `apiVersion: workload.buoyant.io/v1alpha1\nkind: ExternalGroup\nmetadata: { name: orders, namespace: shop }\nspec: { template: { ports: [{ name: http, port: ${port} }] } }\n`;
    await writeFile(file, group(9000));
    await using simulator = await open(folder.path, { kind: "own", groupsDir: groups.path });
    assert.deepEqual(simulator.status().registration, { address: `${mesh}:8081`, admin: `${mesh}:9996`, group: "shop/orders", groupsDir: groups.path });
    await using machine = await Machine.create(simulator, 1);
    assert.equal((await machine.register()).workload.namespace, "shop");
    await waitUntil(() => simulator.status().workloads.map(({ port }) => port), (ports) => ports[0] === 9000);
    await writeFile(file, group(9001));
    await waitUntil(() => simulator.status().workloads.map(({ port }) => port), (ports) => ports[0] === 9001, 20_000);
    assert.equal((await stat(file)).isFile(), true);
  });

  it("gives the service the identity and the name that harnesses ask for", async () => {
    await using folder = await makeFolder();
    await using _simulator = await open(folder.path, { kind: "own", groupsDir: undefined });
    const { svids: [svid] } = await firstX509Context({ address: `unix://${folder.path}/registration-api.sock`, clock: host.clock, log, random: () => 0 }, soon());
    assert.deepEqual([svid?.id, svid?.dnsNames], [registrationNames(defaultNames).identity, [registrationNames(defaultNames).serverName]]);
  });

  it("follows a service that runs already, keeps what it knew while that is away, and knows what is there when it is back", async () => {
    await using folder = await makeFolder();
    await using groups = await makeFolder();
    await writeFile(join(groups.path, "machines.yaml"), renderGroupFile({ names: defaultNames, applicationPort: 8080 }));
    const admin = { host: mesh, port: 9996 };
    const words = planService({ names: defaultNames, address: { host: mesh, port: 8081 }, admin, socketPath: join(folder.path, "registration-api.sock"), groupsDir: groups.path, stateDir: join(groups.path, "state") });
    await using first = startProgram(words);
    await using simulator = await open(folder.path, { kind: "running", admin });
    assert.deepEqual(simulator.status().registration, { address: `${mesh}:8081`, admin: `${mesh}:9996`, group: "mixed-env/machines" });
    await using machine = await Machine.create(simulator, 1);
    await machine.register();
    await machine.tell("Ready");
    await knows(simulator, ["192.0.2.1 ready Serving"]);
    first.child.kill("SIGKILL");
    await first.ended;
    assert.equal(simulator.status().workloads.length, 1);
    await using _second = startProgram(words);
    // Its memory store has forgotten everything, as no cluster would.
    await knows(simulator, []);
    await waitUntil(() => machine.register().then(() => "registered", String), (told) => told === "registered", 15_000);
    await knows(simulator, ["192.0.2.1 not ready Starting"]);
  });

  it("says why when no group can be read, and leaves nothing", async () => {
    await using folder = await makeFolder();
    await using groups = await makeFolder();
    await writeFile(join(groups.path, "broken.yaml"), "kind: Pod\n");
    await assert.rejects(open(folder.path, { kind: "own", groupsDir: groups.path }), { code: "SIMULATOR_FAILED", what: /broken\.yaml/u });
    assert.deepEqual(await readdir(folder.path), []);
  });
});
