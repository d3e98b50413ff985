import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCapability, readAccount } from "../../../src/platform/linux/account.ts";
import { becomeAccount } from "../../../src/platform/linux/become-account.ts";
import { findListener, parseListeners } from "../../../src/platform/linux/listener.ts";
import { lockFile } from "../../../src/platform/linux/lock.ts";
import { probePort } from "../../../src/platform/node/sockets.ts";
import { skipUnless } from "../../support/skip.ts";
import { waitUntil } from "../../support/wait-until.ts";

const source = (path: string): string => fileURLToPath(new URL(`../../../src/platform/${path}`, import.meta.url));

function isAlive(pid: number): boolean {
  return spawnSync("kill", ["-0", String(pid)]).status === 0;
}

describe("this Linux machine", function () {
  skipUnless("linux", process.platform === "linux", "needs Linux");

  it("locks a file once, and frees it with its holder, however that ends", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lock-test-"));
    const path = join(folder, "lock");
    const script = `const { lockFile } = await import(${JSON.stringify(source("linux/lock.ts"))}); const held = await lockFile(${JSON.stringify(path)}); console.log(held !== undefined); setInterval(() => held, 1e6);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    assert.equal(String((await once(holder.stdout, "data") as [Buffer])[0]).trim(), "true");
    assert.equal(await lockFile(path), undefined);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const ours = await lockFile(path);
    assert.ok(ours !== undefined);
    assert.equal(await lockFile(path), undefined);
    await ours[Symbol.asyncDispose]();
    const again = await lockFile(path);
    assert.ok(again !== undefined);
    await again[Symbol.asyncDispose]();
    await assert.rejects(lockFile(join(folder, "none", "lock")), { code: "FILE_FAILED" });
    rmSync(folder, { recursive: true });
  });

  it("knows who listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.deepEqual([await findListener(port), await findListener(port, process.pid), await findListener(port, 1)], [{ pid: process.pid }, { pid: process.pid }, { pid: process.pid }]);
    assert.equal(await probePort("127.0.0.1", port), false);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await findListener(port), undefined);
    assert.equal(await probePort("127.0.0.1", port), true);
  });

  it("reads the kernel's table of sockets: listening ones of that port only", () => {
    const table = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100007F:102F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1",
      "   1: 0100007F:102F 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4243 1",
      "   2: 0100007F:1030 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1",
    ].join("\n");
    assert.deepEqual([parseListeners(table, 0x102f), parseListeners(table, 80), parseListeners("", 80)], [["4242"], [], []]);
  });

  it("knows its account and reads capabilities", async () => {
    const account = await readAccount();
    assert.equal(account.uid, process.getuid?.());
    assert.deepEqual([hasCapability("CapEff:\t0000000000001000\n", 12n), hasCapability("CapEff:\t0000000000000fff\n", 12n), hasCapability("", 12n)], [true, false, false]);
  });

  it("a child dies with a parent that is killed", async () => {
    const script = `
      const { createFiles } = await import(${JSON.stringify(source("node/files.ts"))});
      const { createProcesses } = await import(${JSON.stringify(source("node/processes.ts"))});
      const { wrapChild } = await import(${JSON.stringify(source("linux/launching.ts"))});
      const processes = createProcesses({ wrap: (spec) => wrapChild("/usr/bin/setpriv", spec), family: { group: false, kill: async () => {} }, endings: [""], self: { file: "", args: [] } }, createFiles(() => undefined));
      const child = await processes.spawn({ file: process.execPath, args: ["-e", "console.log(1); setInterval(() => {}, 1e6)"], environment: {}, onLine: () => console.log(child.pid) });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = Number((await once(parent.stdout, "data") as [Buffer])[0].toString());
    assert.ok(pid > 0 && isAlive(pid));
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await waitUntil(() => isAlive(pid), (alive) => !alive);
    assert.equal(isAlive(pid), false);
  });
});

describe("becoming another account", () => {
  skipUnless("root", process.getuid?.() === 0, "needs root");

  it("refuses an account that does not exist, and a machine without setpriv", async () => {
    const command = [process.execPath];
    await assert.rejects(becomeAccount({ account: "nobody-of-that-name", folders: [], command, setpriv: "/usr/bin/setpriv" }), { code: "PROXY_USER_MISSING" });
    await assert.rejects(becomeAccount({ account: "61003", folders: [], command, setpriv: undefined }), { code: "PROGRAM_MISSING" });
  });

  it("refuses root under any name, which would begin the step again for ever", async () => {
    for (const account of ["root", "0"]) {
      await assert.rejects(becomeAccount({ account, folders: [], command: [process.execPath], setpriv: "/usr/bin/setpriv" }), { code: "SETTING_INVALID", target: "PROXY_USER" });
    }
  });

  it("takes the account's own group, no other group, and CAP_NET_ADMIN alone; the folders become its own", () => {
    const rows = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
    const [account = "", , uid, gid] = rows.find((row) => row[2] !== "0" && row[2] !== row[3]) ?? [];
    assert.ok(uid !== undefined && gid !== undefined, "no account here has a group of another number");
    const folder = join(mkdtempSync(join(tmpdir(), "become-test-")), "state");
    const command = ["/bin/sh", "-c", "id -u; id -g; id -G; grep CapEff /proc/self/status"];
    const becoming = JSON.stringify({ account, folders: [folder], command, setpriv: "/usr/bin/setpriv" });
    const script = `const { becomeAccount } = await import(${JSON.stringify(source("linux/become-account.ts"))}); await becomeAccount(${becoming}); console.log("not replaced");`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", cwd: "/" });
    assert.deepEqual(stdout.trim().split(/\s+/u), [uid, gid, gid, "CapEff:", "0000000000001000"], stderr);
    const { uid: owner, gid: group, mode } = statSync(folder);
    assert.deepEqual([String(owner), String(group), mode & 0o777], [uid, gid, 0o700]);
    rmSync(join(folder, ".."), { recursive: true });
  });

  it("does nothing for anybody but root", () => {
    const script = `const { becomeAccount } = await import(${JSON.stringify(source("linux/become-account.ts"))}); await becomeAccount({ account: "none", folders: ["/none"], command: [], setpriv: undefined }); console.log("still here", process.getuid());`;
    const { stdout, stderr } = spawnSync("setpriv", ["--reuid=61003", "--regid=61003", "--clear-groups", process.execPath, "--input-type=module", "-e", script], { encoding: "utf8", cwd: "/" });
    assert.equal(stdout.trim(), "still here 61003", stderr);
  });
});
