import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { planTraffic } from "../../../src/model/traffic-plan.ts";
import type { Host } from "../../../src/platform/host.ts";
import { createWindowsHost, spellVariables } from "../../../src/platform/win32/host.ts";
import { parseMachineGuid } from "../../../src/platform/win32/registry-id.ts";
import { silentLog } from "../../fakes/silent-log.ts";
import { machineSettings } from "../../support/settings.ts";

function windows(environment: Readonly<Record<string, string | undefined>> = {}): Host {
  return createWindowsHost({ log: silentLog, environment, self: { file: "linkerd-mesh.exe", args: [] } });
}

describe("the Windows machine, what of it needs no Windows", () => {
  it("knows variables by one spelling", () => {
    const given = { Path: "C:\\a", SYSTEMROOT: "C:\\Windows", LINKERD_MESH_LOG_LEVEL: "info", other: undefined };
    assert.deepEqual(spellVariables(given), { PATH: "C:\\a", SystemRoot: "C:\\Windows", LINKERD_MESH_LOG_LEVEL: "info" });
    assert.equal(windows(given).environment["PATH"], "C:\\a");
  });

  it("tells programs by their ending, and never by a mode that Windows does not have", async () => {
    const folder = mkdtempSync(join(tmpdir(), "win32-test-"));
    for (const name of ["proxy.exe", "PROXY.EXE", "proxy", "proxy.txt"]) {
      writeFileSync(join(folder, name), "");
      chmodSync(join(folder, name), name === "proxy" ? 0o755 : 0o644);
    }
    const { files } = windows();
    const seen = await Promise.all(["proxy.exe", "PROXY.EXE", "proxy", "proxy.txt"].map(async (name) => (await files.stat(join(folder, name)))?.executable));
    assert.deepEqual(seen, [true, true, false, false]);
    rmSync(folder, { recursive: true });
  });

  it("claims no redirect: it says that there is none, with what to do", async () => {
    const { redirector } = windows();
    const signal = new AbortController().signal;
    const obstacle = await redirector.obstacle();
    assert.match(obstacle?.remedy ?? "", /OUTBOUND_REDIRECT=off/);
    assert.deepEqual([redirector.kind, await redirector.observe(undefined, signal)], ["none", { state: "absent" }]);
    await assert.rejects(redirector.enable(planTraffic(machineSettings(), -1), signal), { code: "REDIRECT_ABSENT" });
  });

  it("continues as itself", async () => {
    assert.equal(await windows().becomeAccount("linkerd-mesh", ["C:\\none"]), undefined);
  });

  it("reads the identifier of the installation from what reg prints; without reg it is the host name", async () => {
    const printed = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\r\n    MachineGuid    REG_SZ    0f1e2d3c-0000-4000-8000-000000000001\r\n\r\n";
    assert.deepEqual([parseMachineGuid(printed), parseMachineGuid("ERROR: no key"), parseMachineGuid("")], ["0f1e2d3c-0000-4000-8000-000000000001", undefined, undefined]);
    assert.equal(await windows({ SystemRoot: "/nowhere" }).machineId(), hostname());
  });
});
