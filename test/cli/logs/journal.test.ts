import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { planJournalArguments } from "../../../src/cli/logs/journal.ts";
import { skipUnless } from "../../support/skip.ts";
import { waitUntil } from "../../support/wait-until.ts";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const journald = "/lib/systemd/systemd-journald";

/** A journal of its own, in its own mounts, kept by the real journald. */
class Journal implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "journal-"));
  readonly #keeper: ChildProcess;

  constructor() {
    const script = `mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && mkdir -p /run/systemd/journal /run/log/journal && exec ${journald}`;
    this.#keeper = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script], { stdio: "ignore" });
    // No systemd is running here: only whether it has the unit is said for it.
    writeFileSync(join(this.folder, "systemctl"), "#!/bin/sh\necho LoadState=loaded\n");
    chmodSync(join(this.folder, "systemctl"), 0o755);
  }

  async opened(): Promise<void> {
    await waitUntil(() => this.#run("test", "-S", "/run/systemd/journal/socket").status, (status) => status === 0);
  }

  /** Writes an entry of the unit, which root may do in its name. */
  put(message: string, priority = 6): void {
    const { status, stderr } = this.#run("sh", "-c", `printf 'MESSAGE=%s\\nPRIORITY=%s\\nOBJECT_SYSTEMD_UNIT=linkerd-proxy-harness.service\\n' "$0" ${priority} | logger --journald`, message);
    assert.equal(status, 0, stderr);
  }

  /** Starts `linkerd-mesh logs` where this journal is the machine's. */
  start(...words: readonly string[]): ChildProcess {
    return spawn("nsenter", [...this.#here(), process.execPath, main, "logs", "--output", "json", ...words], { env: { PATH: `${this.folder}:/usr/bin:/bin` }, stdio: ["ignore", "pipe", "inherit"] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keeper.kill("SIGKILL");
    if (this.#keeper.exitCode === null && this.#keeper.signalCode === null) await once(this.#keeper, "exit");
    rmSync(this.folder, { recursive: true });
  }

  #here(): readonly string[] {
    return ["--target", String(this.#keeper.pid), "--mount"];
  }

  #run(...command: readonly string[]): { readonly status: number | null; readonly stderr: string } {
    return spawnSync("nsenter", [...this.#here(), ...command], { encoding: "utf8" });
  }
}

describe("the log in a real journal", function () {
  this.timeout(60_000);
  const tools = ["unshare", "nsenter", "journalctl", "logger"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  skipUnless("journald", process.getuid?.() === 0 && existsSync(journald) && tools.length === 0, "needs root, systemd's journald, util-linux and bsdutils");
  let journal: Journal;

  beforeEach(async () => {
    journal = new Journal();
    await journal.opened();
  });
  afterEach(() => journal[Symbol.asyncDispose]());

  const messagesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as { level: string; message: string }).map(({ level, message }) => `${level} ${message}`);
  const read = async (...words: readonly string[]): Promise<readonly string[]> => {
    const child = journal.start(...words);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (more: string) => (text += more));
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 0);
    return messagesOf(text);
  };

  it("is read in order, with its levels, since a time and by number", async () => {
    journal.put("warn  the proxy is late port=4143");
    journal.put("Main process exited", 3);
    journal.put('{"type":"log","level":"debug","message":"as an object"}');
    assert.deepEqual(await read(), ["warn the proxy is late port=4143", "error Main process exited", "debug as an object"]);
    assert.deepEqual(await read("--level", "warn", "--lines", "1"), ["error Main process exited"]);
    assert.deepEqual(await read("--since", "1h", "--lines", "1"), ["debug as an object"]);
    assert.deepEqual(await read("--since", "2999-01-01"), []);
  });

  it("is followed, every entry once, whether something was there before or not", async () => {
    for (const before of [0, 3]) {
      for (let number = 0; number < before; number += 1) journal.put(`info  before ${number}`);
      const child = journal.start("--follow", "--since", "1h");
      let text = "";
      child.stdout?.setEncoding("utf8").on("data", (more: string) => (text += more));
      // The first that it shows may have come before it looked, or after.
      journal.put(`info  first ${before}`);
      await waitUntil(() => text, (seen) => seen.includes(`first ${before}`), 20_000);
      for (let number = 0; number < 5; number += 1) journal.put(`info  after ${before} ${number}`);
      await waitUntil(() => text, (seen) => seen.includes(`after ${before} 4`), 20_000);
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "close"), [0, null]);
      const seen = messagesOf(text);
      assert.equal(new Set(seen).size, seen.length, "none twice");
      assert.deepEqual(seen.slice(-6), [`info first ${before}`, ...[0, 1, 2, 3, 4].map((number) => `info after ${before} ${number}`)]);
      if (before > 0) assert.deepEqual(seen.filter((message) => message.includes("before")), [0, 1, 2].map((number) => `info before ${number}`));
    }
  });
});

describe("what journalctl is asked", () => {
  it("is one beginning alone, for it refuses two", () => {
    assert.deepEqual(planJournalArguments({ since: 1_700_000_000_900, after: "s=1" }).slice(-2), ["--after-cursor", "s=1"]);
    assert.deepEqual(planJournalArguments({ since: 1_700_000_000_900, follow: true }).slice(-3), ["--since", "@1699999999", "--follow"]);
    assert.deepEqual(planJournalArguments({ since: -5000 }).slice(-1), ["@0"]);
  });
});
