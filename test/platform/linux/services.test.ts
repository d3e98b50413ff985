import assert from "node:assert/strict";
import { MeshError } from "../../../src/model/errors.ts";
import type { Finished, Processes, RunSpec } from "../../../src/platform/host.ts";
import { parseUnit, systemdServices } from "../../../src/platform/linux/services.ts";

const shown = [
  "Result=success", "MainPID=812", "ExecMainStatus=0", "LoadState=loaded", "ActiveState=active", "UnitFileState=enabled", "User=linkerd-mesh",
  "ExecStart={ path=/usr/bin/linkerd-mesh ; argv[]=/usr/bin/linkerd-mesh run ; ignore_errors=no ; start_time=[n/a] }", "",
].join("\n");

/** systemctl as it answers; what it was asked is kept. */
function scripted(answer: Partial<Finished> | MeshError): { readonly processes: Processes; readonly asked: RunSpec[] } {
  const asked: RunSpec[] = [];
  const run = (spec: RunSpec): Promise<Finished> => {
    asked.push(spec);
    return answer instanceof MeshError ? Promise.reject(answer) : Promise.resolve({ code: 0, signal: undefined, stdout: "", stderr: "", ...answer });
  };
  return { asked, processes: { run, spawn: () => Promise.reject(new Error("starts nothing")), self: (args) => ({ file: "linkerd-mesh", args }) } };
}

describe("services of systemd", () => {
  it("are read from what systemctl shows", () => {
    assert.deepEqual(parseUnit(shown), {
      state: "running", pid: 812, start: "automatic", account: "linkerd-mesh", command: "/usr/bin/linkerd-mesh run", exit: { system: 0, own: 0 },
    });
    const failed = shown.replace("active", "failed").replace("MainPID=812", "MainPID=0").replace("ExecMainStatus=0", "ExecMainStatus=3").replace("=enabled", "=disabled");
    assert.deepEqual([parseUnit(failed)?.state, parseUnit(failed)?.pid, parseUnit(failed)?.exit, parseUnit(failed)?.start], ["stopped", undefined, { system: 3, own: 0 }, "manual"]);
    assert.equal(parseUnit("LoadState=not-found\nActiveState=inactive\n"), undefined);
  });

  it("are started and stopped without waiting and without asking for a password", async () => {
    const { processes, asked } = scripted({});
    const services = systemdServices(processes, { PATH: "/bin" });
    await services.start("a");
    await services.stop("a");
    assert.deepEqual(asked.map(({ file, args }) => [file, ...args].join(" ")), ["systemctl --no-block --no-ask-password start a.service", "systemctl --no-block --no-ask-password stop a.service"]);
  });

  it("that refuse say why", async () => {
    for (const [code, expected] of [[5, "SERVICE_ABSENT"], [4, "SERVICE_DENIED"], [1, "SERVICE_FAILED"]] as const) {
      await assert.rejects(systemdServices(scripted({ code, stderr: "Failed.\n" }).processes, {}).start("a"), { code: expected, what: "Failed." });
    }
  });

  it("are made by the package alone, and absent where there is no systemd", async () => {
    const services = systemdServices(scripted(new MeshError("PROGRAM_MISSING", { doing: "d", what: "w" })).processes, {});
    const spec = { name: "a", displayName: "a", description: "", command: { file: "a", args: [] }, account: "own", recovery: [], shutdownPatience: 0, dependencies: [], folders: [], files: [] } as const;
    const serving = { name: "a", exitOf: () => 1, stopPatience: () => 1, onResume: () => undefined, onCrash: () => undefined };
    for (const call of [services.apply(spec), services.remove("a"), services.read("a"), services.start("a"), services.serve(serving, () => Promise.resolve())]) {
      await assert.rejects(call, { code: "SERVICE_UNSUPPORTED" });
    }
  });
});
