import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { skipUnless } from "../../support/skip.ts";
import { inside, ip, missing, nft } from "../../platform/linux/redirect/lab.ts";

const space = `rd-cmd-${process.pid}`;
const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const probe = new URL("../../platform/linux/redirect/probe.ts", import.meta.url).pathname;

interface Said {
  readonly code: number | null;
  readonly state: string;
  readonly next: string | undefined;
  readonly ownerPid: number | undefined;
}

function redirect(action: string): Said {
  const [file, ...args] = [...inside(space), process.execPath, main, "redirect", action, "--output", "json"];
  const { status, stdout } = spawnSync(file, args, { encoding: "utf8" });
  return { code: status, ...JSON.parse(stdout) as Omit<Said, "code"> };
}

describe("redirect on, off, status without a harness", function () {
  const reason = missing();
  skipUnless("redirect-command", reason === undefined, reason ?? "");
  this.timeout(20_000);
  before(() => { ip("netns", "add", space); });
  after(() => { ip("netns", "del", space); });

  it("off is content, on says how to start one", () => {
    assert.deepEqual([redirect("off").code, redirect("off").state], [0, "off"]);
    const on = redirect("on");
    assert.deepEqual([on.code, on.state], [1, "off"]);
    assert.match(on.next ?? "", /linkerd-mesh run/);
  });

  it("foreign rules are told", () => {
    nft(space, "add table inet linkerd_mesh");
    const status = redirect("status");
    nft(space, "delete table inet linkerd_mesh");
    assert.deepEqual([status.code, status.state], [1, "foreign"]);
  });

  it("a table of another process is named with that process", async () => {
    const [file, ...args] = [...inside(space), process.execPath, probe, "hold"];
    const holder = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const off = redirect("off");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    assert.deepEqual([off.code, off.state], [1, "on"]);
    assert.equal(off.next, `End that process (kill ${off.ownerPid}); the rules go with it.`);
  });
});
