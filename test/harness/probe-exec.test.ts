import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askApplication, watchApplication } from "../../src/harness/application-probe.ts";
import { probeExec } from "../../src/harness/probe-exec.ts";
import type { GroupProbe } from "../../src/model/external-group.ts";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";

const forever = new AbortController().signal;

/** True while the process runs; a dead one may still be waited for by nobody. */
function isRunning(pid: string): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/^\d+ \(.*\) Z/su.test(readFileSync(stat, "utf8"));
}

describe("a probe by a program", function () {
  skipUnless("linux", process.platform === "linux", "needs Linux");
  let folder = "";
  before(() => { folder = mkdtempSync(join(tmpdir(), "probe-exec-")); });
  after(() => rmSync(folder, { recursive: true }));

  const environment = { PATH: "/usr/bin:/bin", LINKERD_MESH_TOKEN: "secret", TZ: "UTC", HOME: "/root" };
  const host = createLinuxHost({ log: new RememberingLog(), environment, self: { file: process.execPath, args: [] } });
  const probe = (command: readonly string[], change: Partial<GroupProbe> = {}): GroupProbe => ({
    action: { kind: "exec", command }, initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 20, successThreshold: 1, failureThreshold: 1, ...change,
  });
  const ask = (command: readonly string[], timeoutSeconds = 20): Promise<string | undefined> => askApplication(host, probe(command, { timeoutSeconds }), forever);
  const sh = (script: string, timeoutSeconds?: number): Promise<string | undefined> => ask(["sh", "-c", script, "sh", folder], timeoutSeconds);

  it("passes with exit code 0, else says the code and the first line", async () => {
    assert.equal(await ask(["true"]), undefined);
    assert.equal(await ask(["false"]), "exit code 1");
    assert.equal(await sh("echo; echo 'the disk is full'; echo more; echo other >&2; exit 3"), "exit code 3: the disk is full");
    assert.equal(await sh("printf '\\033[31mno\\033[0m table\\n' >&2; exit 2"), "exit code 2: [31mno[0m table");
    assert.equal(await sh("kill -TERM $$"), "SIGTERM");
  });

  it("hands the arguments over as they are, to no shell", async () => {
    const script = "import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))";
    const args = ["a b", "$HOME", "", "*", "`id`", "'"];
    assert.equal(await ask([process.execPath, "--input-type=module", "-e", script, join(folder, "args"), ...args]), undefined);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "args"), "utf8")), args);
  });

  it("gives few variables, no input and no rights", async () => {
    assert.equal(await sh("env > $1/env; cat > $1/input; grep -E '^(CapInh|CapAmb|NoNewPrivs)' /proc/self/status > $1/rights"), undefined);
    const variables = readFileSync(join(folder, "env"), "utf8").trim().split("\n").filter((line) => !/^(?:PWD|SHLVL|_)=/u.test(line));
    assert.deepEqual(variables.toSorted(), ["PATH=/usr/bin:/bin", "TZ=UTC"]);
    assert.equal(readFileSync(join(folder, "input"), "utf8"), "");
    assert.match(readFileSync(join(folder, "rights"), "utf8"), /^CapInh:\t0+\nCapAmb:\t0+\nNoNewPrivs:\t1\n$/u);
  });

  it("says so when there is no such program", async () => {
    assert.equal(await ask(["no-such-program"]), "starting no-such-program: it is in no folder of PATH");
    writeFileSync(join(folder, "plain"), "text");
    assert.match(await ask([join(folder, "plain")]) ?? "", /not executable/u);
  });

  it("ends a program with all that it started when the time is over, also one that takes no signal", async () => {
    assert.equal(await sh("trap '' TERM INT HUP; sleep 600 & echo $! > $1/child; echo $$ > $1/parent; wait; wait", 1), "no answer within 1 s");
    for (const name of ["child", "parent"]) await waitUntil(() => isRunning(readFileSync(join(folder, name), "utf8").trim()), (running) => !running);
  });

  it("ends what a program left behind, which does not hold the answer up", async () => {
    assert.equal(await sh("sleep 600 & echo $! > $1/left; exit 0"), undefined);
    await waitUntil(() => isRunning(readFileSync(join(folder, "left"), "utf8").trim()), (running) => !running);
  });

  it("is not held up beyond its time by one that left the group and holds the output", async () => {
    assert.equal(await sh("setsid sh -c 'echo $$ > $0/escaped; exec sleep 600' $1 & while [ ! -s $1/escaped ]; do :; done; exit 0", 2), "no answer within 2 s");
    process.kill(Number(readFileSync(join(folder, "escaped"), "utf8")), "SIGKILL");
  });

  it("keeps little of a huge output", async () => {
    assert.equal(await sh("head -c 50000000 /dev/zero | tr '\\0' x; exit 1"), `exit code 1: ${"x".repeat(1011)}`);
    const before = process.memoryUsage().rss;
    assert.equal(await ask(["yes"], 1), "no answer within 1 s");
    assert.ok(process.memoryUsage().rss - before < 100_000_000);
  });

  it("leaves no process when its signal comes at any moment", async () => {
    const names = ["a", "b", "c", "d"];
    for (const [index, name] of names.entries()) {
      const stop = new AbortController();
      const asking = probeExec(host, { kind: "exec", command: ["sh", "-c", "echo $$ > $1; sleep 600", "sh", join(folder, name)] }, stop.signal);
      const settled = Promise.allSettled([asking]);
      // Before it is started, while it is, and when it runs.
      for (let turn = 0; turn < index * 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (index === names.length - 1) await waitUntil(() => existsSync(join(folder, name)) && readFileSync(join(folder, name), "utf8"), (text) => text !== false && text !== "");
      stop.abort(new Error("over"));
      assert.equal((await settled)[0].status, "rejected");
      if (existsSync(join(folder, name))) await waitUntil(() => isRunning(readFileSync(join(folder, name), "utf8").trim()), (running) => !running);
    }
  });

  it("is watched like any other", async () => {
    const stop = new AbortController();
    const command = ["test", "-e", join(folder, "flag")];
    const verdicts = watchApplication(host, { probe: probe(command), allowExec: true }, stop.signal);
    assert.equal((await verdicts.next()).value?.why, "exit code 1");
    writeFileSync(join(folder, "flag"), "");
    assert.equal((await verdicts.next()).value?.ready, true);
    const last = verdicts.next();
    stop.abort();
    assert.equal((await last).done, true);
  });
});
