import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { simulatorStatusSchema, type SimulatorStatus } from "../../src/simulator/control-socket.ts";
import { requestAnswer } from "../../src/simulator/demo/answers.ts";
import { runProgram, startProgram, type Running } from "../cli/program.ts";
import { makeFolder } from "./lab.ts";

const mesh = "127.87.0.1";

interface Simulation extends AsyncDisposable {
  readonly program: Running;
  readonly folder: string;
  readonly first: SimulatorStatus;
}

/** `linkerd-mesh simulate` as a process of its own, once it said its first line. */
async function simulate(folder: string, ...more: readonly string[]): Promise<Simulation> {
  const program = startProgram(["simulate", "--dir", folder, "--listen", mesh, "--output", "json", ...more]);
  assert.ok(program.child.stdout !== null);
  const lines = createInterface({ input: program.child.stdout });
  const line = await Promise.race([once(lines, "line").then(([text]) => String(text)), program.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  return { program, folder, first: simulatorStatusSchema.parse(JSON.parse(line)), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

async function ask(words: readonly string[]): Promise<{ readonly code: number | null; readonly said: unknown; readonly stderr: string }> {
  const { code, stdout, stderr } = await runProgram(["simulate", ...words, "--output", "json"]);
  return { code, said: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

describe("simulate, as processes", function () {
  this.timeout(30_000);

  it("tells in its first line where everything is, and SIGTERM ends it and removes everything", async () => {
    await using folder = await makeFolder();
    await using simulation = await simulate(folder.path);
    const { first, program } = simulation;
    assert.deepEqual({ listen: first.listen, socket: first.machines[0]?.socket, config: first.machines[0]?.config }, { listen: mesh, socket: `unix://${folder.path}/workload-api.sock`, config: `${folder.path}/config.yaml` });
    program.child.kill("SIGTERM");
    const { code, signal } = await program.ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.deepEqual(await readdir(folder.path), []);
  });

  it("answers status, takes set, and refuses a value that a switch does not have", async () => {
    await using folder = await makeFolder();
    await using simulation = await simulate(folder.path);
    const dir = ["--dir", simulation.folder];
    const before = await ask(["status", ...dir]);
    assert.deepEqual(before, { code: 0, said: simulation.first, stderr: "" });
    const set = await ask(["set", "policy", "slow", ...dir]);
    assert.deepEqual([set.code, simulatorStatusSchema.parse(set.said).switches["policy"]], [0, "slow"]);
    const refused = await ask(["set", "policy", "sideways", ...dir]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /on, cut, refuse, slow[^]*SIMULATOR_SWITCH/u);
    assert.equal(simulatorStatusSchema.parse((await ask(["status", ...dir])).said).switches["policy"], "slow");
  });

  it("calls over mTLS under a name of another cluster domain too; plain HTTP gets an answer only where nobody asks for TLS", async () => {
    await using folder = await makeFolder();
    await using _simulation = await simulate(folder.path, "--cluster-domain", "corp.test");
    // The echo service is no machine: whoever asks for the machine's identity there is told who it is.
    const called = await ask(["call", "--to", `${mesh}:4143`, "--dir", folder.path]);
    assert.equal(called.code, 1);
    assert.match(requestAnswer.parse(called.said).error ?? "", /echo\.mixed-env\.serviceaccount\.identity\.linkerd\.corp\.test/u);
    const plain = await ask(["request", `http://${mesh}:4143/`]);
    assert.deepEqual([plain.code, requestAnswer.parse(plain.said).ok], [1, false]);
    const nobody = await ask(["request", `http://${mesh}:9/`]);
    assert.match(requestAnswer.parse(nobody.said).error ?? "", /ECONNREFUSED/u);
  });

  it("runs an application that tells what it was asked", async () => {
    await using program = startProgram(["simulate", "app", "--listen", "127.87.0.2:8087", "--output", "json"]);
    assert.ok(program.child.stdout !== null);
    await once(createInterface({ input: program.child.stdout }), "line");
    const { code, said } = await ask(["request", "http://127.87.0.2:8087/a?b=c"]);
    assert.equal(code, 0);
    assert.match(requestAnswer.parse(said).body ?? "", /"path":"\/a\?b=c"/u);
    const ready = async (): Promise<number | undefined> => requestAnswer.parse((await ask(["request", "http://127.87.0.2:8087/ready"])).said).status;
    assert.equal(await ready(), 200);
    await ask(["request", "--method", "POST", "http://127.87.0.2:8087/ready/off"]);
    assert.equal(await ready(), 503);
    // Only telling, not asking, changes it.
    await ask(["request", "http://127.87.0.2:8087/ready/on"]);
    assert.equal(await ready(), 503);
    await ask(["request", "--method", "POST", "http://127.87.0.2:8087/ready/on"]);
    assert.equal(await ready(), 200);
    program.child.kill("SIGTERM");
    assert.equal((await program.ended).code, 0);
  });

  it("calls a machine by the name of its workload, and says which there is none of", async () => {
    await using folder = await makeFolder();
    await using _simulation = await simulate(folder.path, "--machine-address", "127.87.0.3");
    const nobody = await ask(["call", "--dir", folder.path, "--workload", "other"]);
    assert.match(requestAnswer.parse(nobody.said).error ?? "", /no such machine is registered: other/u);
    const away = await ask(["call", "--dir", folder.path, "--workload", "mixed-env/external-workload"]);
    assert.match(requestAnswer.parse(away.said).error ?? "", /ECONNREFUSED 127\.87\.0\.3:4143/u);
  });

  it("does not tell people to join where no harness can", async () => {
    await using folder = await makeFolder();
    await using program = startProgram(["simulate", "--dir", folder.path, "--listen", mesh]);
    assert.ok(program.child.stdout !== null);
    const lines = [];
    for await (const line of createInterface({ input: program.child.stdout })) {
      lines.push(line);
      if (/^(?:Join it|No machine)/u.test(line)) break;
    }
    assert.match(lines.at(-1) ?? "", /No machine can join it.*--machine-address/u);
    assert.doesNotMatch(lines.join("\n"), /linkerd-mesh run/u);
  });

  it("starts again after kill -9, in the same folder", async () => {
    await using folder = await makeFolder();
    {
      await using killed = await simulate(folder.path);
      killed.program.child.kill("SIGKILL");
      await killed.program.ended;
    }
    assert.ok((await readdir(folder.path)).includes("control.sock"));
    await using again = await simulate(folder.path);
    assert.equal(again.first.listen, mesh);
  });

  it("refuses a folder in which another one runs, by a sentence and exit code 3", async () => {
    await using folder = await makeFolder();
    await using _simulation = await simulate(folder.path);
    const { code, stderr } = await runProgram(["simulate", "--dir", folder.path, "--listen", "127.87.0.9"]);
    assert.equal(code, 3);
    assert.match(stderr, /another one runs there[^]*--dir/u);
  });

  for (const [what, words, code, says] of [
    ["a life of no time", ["--ttl", "0s"], 2, /--ttl/u],
    ["a registration that is none", ["--registration", "sometimes"], 2, /neither static nor own nor an address/u],
    ["a cluster file that is not there", ["--cluster", "/nowhere/cluster.yaml"], 2, /no such file/u],
    ["an address of another machine", ["--listen", "192.0.2.1"], 3, /192\.0\.2\.1/u],
  ] as const) {
    it(`refuses ${what}, and leaves nothing`, async () => {
      await using folder = await makeFolder();
      const ended = await runProgram(["simulate", "--dir", folder.path, "--listen", mesh, ...words]);
      assert.deepEqual([ended.code, ended.stdout], [code, ""]);
      assert.match(ended.stderr, says);
      assert.deepEqual(await readdir(folder.path), []);
    });
  }

  it("takes a cluster file, and says where one is wrong", async () => {
    await using folder = await makeFolder();
    await using files = await makeFolder();
    const path = join(files.path, "cluster.yaml");
    await writeFile(path, "services: [{ name: a }]\n");
    const { code, stderr } = await runProgram(["simulate", "--dir", folder.path, "--listen", mesh, "--cluster", path]);
    assert.equal(code, 2);
    assert.match(stderr, /services\.0\.address/u);
    await writeFile(path, 'services: [{ name: a, address: "127.87.1.2:80" }]\n');
    await using simulation = await simulate(folder.path, "--cluster", path);
    assert.equal(simulation.first.listen, mesh);
  });

  it("status, set and call say that nobody runs there", async () => {
    await using folder = await makeFolder();
    for (const words of [["status"], ["set", "policy", "on"], ["call", "--to", "127.0.0.1:4143"]]) {
      const { code, stderr } = await ask([...words, "--dir", folder.path]);
      assert.equal(code, 3);
      assert.match(stderr, /nobody answers[^]*SIMULATOR_FAILED/u);
    }
  });
});
