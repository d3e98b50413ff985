import assert from "node:assert/strict";
import { planHarnessService, serviceWords } from "../../src/setup/plan-harness-service.ts";
import { machineSettings } from "../support/settings.ts";

const self = { file: "/usr/bin/linkerd-mesh", args: serviceWords };

describe("the harness's service as it shall be", () => {
  it("runs this program, recovers after 5, 10 and 30 seconds, and is given its grace and five seconds more", () => {
    const { command, recovery, shutdownPatience, dependencies, account } = planHarnessService({ ...machineSettings(), shutdownGrace: 20_000 }, { self, account: "own" });
    assert.deepEqual([command.args, recovery, shutdownPatience, dependencies, account], [["run", "--service"], [5000, 10_000, 30_000], 25_000, [], "own"]);
  });

  it("starts after SPIRE's service only when SPIRE_DEPENDENCY says so", () => {
    const spec = planHarnessService({ ...machineSettings(), spireDependency: "on", spireServiceName: "my-spire" }, { self, account: "system" });
    assert.deepEqual([spec.dependencies, spec.account], [["my-spire"], "system"]);
  });
});
