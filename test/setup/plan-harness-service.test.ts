import assert from "node:assert/strict";
import { planHarnessService, serviceWords } from "../../src/setup/plan-harness-service.ts";
import { machineSettings } from "../support/settings.ts";

const self = { file: "/usr/bin/linkerd-mesh", args: serviceWords };

describe("the harness's service as it shall be", () => {
  it("runs this program, recovers after 5, 10 and 30 seconds, and is given its grace and five seconds more", () => {
    const { command, recovery, shutdownPatience, dependencies, account } = planHarnessService({ ...machineSettings(), shutdownGrace: 20_000 }, { self, account: "own" });
    assert.deepEqual([command.args, recovery, shutdownPatience, dependencies, account], [["run", "--service"], [5000, 10_000, 30_000], 25_000, [], "own"]);
  });

  it("has its state folder and its log files made for it, the latter only where there is a log", () => {
    const settings = { ...machineSettings(), stateDir: "C:\\ProgramData\\Buoyant\\Linkerd", logDir: "C:\\Log", logFile: "text" } as const;
    const { folders, files } = planHarnessService(settings, { self, account: "own" });
    assert.deepEqual([folders, files[0], files.length > 1], [
      [{ path: "C:\\ProgramData\\Buoyant", works: false }, { path: "C:\\ProgramData\\Buoyant\\Linkerd", works: true }], "C:\\Log\\harness.log", true,
    ]);
    assert.deepEqual(planHarnessService({ ...settings, stateDir: "D:\\State" }, { self, account: "own" }).folders, [{ path: "D:\\State", works: true }]);
    assert.deepEqual(planHarnessService({ ...settings, logFile: "off" }, { self, account: "own" }).files, []);
  });

  it("starts after SPIRE's service only when SPIRE_DEPENDENCY says so", () => {
    const spec = planHarnessService({ ...machineSettings(), spireDependency: "on", spireServiceName: "my-spire" }, { self, account: "system" });
    assert.deepEqual([spec.dependencies, spec.account], [["my-spire"], "system"]);
  });
});
