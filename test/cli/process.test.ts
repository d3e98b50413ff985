import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { stderrLine } from "../../src/cli/schemas.ts";
import { version } from "../../src/cli/version.ts";
import { skipUnless } from "../support/skip.ts";
import { parseLines } from "./in-process.ts";
import { runProgram, startProgram, type Running } from "./program.ts";

describe("the process", function () {
  this.timeout(20_000);

  for (const [line, code, stream] of [
    ["--version", 0, "stdout"],
    ["--help", 0, "stdout"],
    ["config validate", 1, "stdout"],
    ["frobnicate", 2, "stderr"],
    ["run --log-level loud", 2, "stderr"],
    ["status --harness-admin-port 1023", 1, "stderr"],
  ] as const) {
    it(`ends 'linkerd-mesh ${line}' with ${code} and talks on ${stream} only`, async () => {
      const ended = await runProgram(line.split(" "));
      assert.deepEqual([ended.code, ended.signal], [code, null]);
      assert.equal(ended[stream === "stdout" ? "stderr" : "stdout"], "");
      assert.notEqual(ended[stream], "");
    });
  }

  it("keeps stdout for the result and writes nothing else to it", async () => {
    const { stdout, stderr } = await runProgram(["version", "--output", "json", "--progress", "json"]);
    assert.deepEqual([stdout, stderr], [`${JSON.stringify({ version })}\n`, ""]);
  });

  it("says nothing when nobody reads its output any more", async () => {
    await using running = startProgram(["schema"]);
    running.child.stdout?.destroy();
    const { code, signal, stderr } = await running.ended;
    assert.deepEqual([code, signal, stderr], [0, null, ""]);
  });

  it("says what was interrupted", async () => {
    await using mute = await listenMutely();
    await using running = startProgram(["status", "--harness-admin-port", String(mute.port)]);
    await mute.called;
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stdout], [3, ""]);
    assert.match(stderr, /stopped by SIGINT[^]*INTERRUPTED/u);
  });

  it("tells an error that nobody caught like every other, with the code of the catalogue", async () => {
    await using mute = await listenMutely();
    await using running = startProgram(["status", "--harness-admin-port", String(mute.port)], { node: ["--import", crashing] });
    await mute.called;
    running.child.kill("SIGUSR2");
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stdout], [3, ""]);
    assert.match(stderr, /unforeseen[^]*INTERNAL/u);
    assert.doesNotMatch(stderr, /\n\s+at /u);
  });

  it("ends after an error that nobody caught, also when it cannot tell it", async () => {
    await using running = startProgram(["version"], { node: ["--import", deafAndCrashing] });
    assert.equal((await running.ended).code, 3);
  });

  it("ends at once by a second signal, so that the caller sees it", async () => {
    await using running = startProgram(["version"], { node: ["--import", hangingExit] });
    await running.saw("hanging");
    running.child.kill("SIGTERM");
    running.child.kill("SIGINT");
    const { code, signal } = await running.ended;
    assert.equal(code, null);
    assert.ok(signal === "SIGTERM" || signal === "SIGINT");
  });
});

describe("a command that runs until it is stopped", function () {
  this.timeout(20_000);
  skipUnless("own-address", ownAddress() !== undefined, "this machine has no IPv4 address but loopback");

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`stops in order by ${signal}`, async () => {
      await using started = await startHarness();
      started.running.child.kill(signal);
      assert.deepEqual(await outcome(started.running), [0, null, ""]);
    });
  }

  it("stops in order when its input ends under --progress json, every line of stderr one object", async () => {
    await using started = await startHarness("--progress", "json");
    started.running.child.stdin?.end();
    assert.deepEqual(await outcome(started.running), [0, null, ""]);
    const lines = parseLines((await started.running.ended).stderr).map((line) => stderrLine.parse(line));
    assert.ok(lines.some(({ type }) => type === "progress") && lines.some(({ type }) => type === "log"));
  });

  it("does not care for its input otherwise", async () => {
    await using started = await startHarness();
    started.running.child.stdin?.end();
    await started.answers();
    started.running.child.kill("SIGTERM");
    assert.deepEqual(await outcome(started.running), [0, null, ""]);
  });
});

describe("start-up", () => {
  for (const [line, allowed] of [
    ["--version", /^$/u],
    ["--help", /^$/u],
    ["config --help", /^$/u],
    ["run --help", /^$/u],
    ["workload manifest --help", /^$/u],
    ["completion bash", /^(?:yargs|yargs-parser|cliui|y18n|escalade|get-caller-file|string-width|strip-ansi|wrap-ansi|ansi-\w+|emoji-regex|get-east-asian-width)$/u],
  ] as const) {
    it(`of '${line}' loads no library that it does not need`, async () => {
      const { code, stderr } = await runProgram(line.split(" "), { node: ["--import", tellModules] });
      assert.equal(code, 0);
      assert.match(stderr, /loaded .*src\/main\.ts/u, "the modules are told at all");
      const libraries = [...stderr.matchAll(/^loaded .*\/node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)\//gmu)].map(({ groups }) => groups?.["name"] ?? "");
      assert.deepEqual([...new Set(libraries)].filter((name) => !allowed.test(name)), []);
    });
  }
});

const hangingExit = asModule(`process.exit = () => { process.stderr.write("hanging\\n"); setInterval(() => undefined, 1000); process.emit("SIGINT"); };`);
const crashing = asModule(`process.on("SIGUSR2", () => { throw new Error("unforeseen"); });`);
const deafAndCrashing = asModule(`process.stderr.write = () => true; setInterval(() => undefined, 1000); setImmediate(() => { throw new Error("unforeseen"); });`);
const tellModules = asModule(`
  import { registerHooks } from "node:module";
  import { writeSync } from "node:fs";
  registerHooks({ load(url, context, next) { writeSync(2, "loaded " + url + "\\n"); return next(url, context); } });`);

function asModule(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

interface Started extends AsyncDisposable {
  readonly running: Running;
  readonly answers: () => Promise<void>;
}

/** The harness on a machine without SPIRE, for which it waits until it is stopped. */
async function startHarness(...more: readonly string[]): Promise<Started> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cli-process-"));
  stack.defer(() => rm(folder, { recursive: true }));
  // As root the harness continues as another account, which has to reach the folder.
  await chmod(folder, 0o777);
  const port = await freePort();
  const settings = {
    registration: "static", "inbound-network-address": ownAddress() ?? "", "workload-name": "w", "workload-namespace": "n", "workload-server-name": "w.n",
    "state-dir": join(folder, "state"), "log-dir": join(folder, "log"), "spire-socket-addr": `unix://${folder}/none.sock`, "proxy-path": process.execPath,
    "proxy-user": userInfo().uid === 0 ? "nobody" : userInfo().username, "harness-admin-port": String(port), "outbound-redirect": "off",
  };
  const running = stack.use(startProgram(["run", ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), ...more]));
  await running.saw("SPIRE_ABSENT");
  const kept = stack.move();
  const answers = async (): Promise<void> => assert.equal((await fetch(`http://127.0.0.1:${port}/live`)).status, 200);
  return { running, answers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function outcome({ ended }: Running): Promise<readonly unknown[]> {
  const { code, signal, stdout } = await ended;
  return [code, signal, stdout];
}

function ownAddress(): string | undefined {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []).find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A port that accepts and never answers. */
async function listenMutely(): Promise<AsyncDisposable & { readonly port: number; readonly called: Promise<unknown> }> {
  const server = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
  const called = once(server, "connection");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    called,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}
