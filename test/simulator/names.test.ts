import assert from "node:assert/strict";
import { controlPlaneName, defaultNames, machineNames, serviceAccountName } from "../../src/simulator/names.ts";

describe("simulator: names", () => {
  it("are Linkerd's own forms", () => {
    assert.equal(serviceAccountName("echo", "apps", defaultNames), "echo.apps.serviceaccount.identity.linkerd.cluster.local");
    assert.equal(controlPlaneName(defaultNames), "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local");
    assert.deepEqual(machineNames(defaultNames), {
      workload: "external-workload", identity: "spiffe://root.linkerd.cluster.local/external-workload",
      serverName: "external-workload.mixed-env.external.identity.linkerd.cluster.local",
    });
  });

  it("follow the two domains", () => {
    const names = { trustDomain: "mesh.test", clusterDomain: "corp.test" };
    const { identity, serverName } = machineNames(names);
    assert.ok(identity.startsWith("spiffe://mesh.test/"));
    assert.ok([serverName, controlPlaneName(names)].every((name) => name.endsWith(".identity.linkerd.corp.test")));
  });
});
