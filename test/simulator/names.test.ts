import assert from "node:assert/strict";
import { settingsTable } from "../../src/model/settings/table.ts";
import { controlPlaneName, defaultNames, machineIdentities, machineNames, registrationNames, serviceAccountName } from "../../src/simulator/names.ts";

describe("simulator: names", () => {
  it("are Linkerd's own forms", () => {
    assert.equal(serviceAccountName("echo", "apps", defaultNames), "echo.apps.serviceaccount.identity.linkerd.cluster.local");
    assert.equal(controlPlaneName(defaultNames), "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local");
    assert.deepEqual(machineNames(defaultNames), {
      workload: "external-workload", identity: "spiffe://root.linkerd.cluster.local/external-workload",
      serverName: "external-workload.mixed-env.external.identity.linkerd.cluster.local",
    });
  });

  it("tell machines apart by numbers, and a group takes them all", () => {
    assert.deepEqual(machineNames(defaultNames, 2), {
      workload: "external-workload-2", identity: "spiffe://root.linkerd.cluster.local/external-workload/2",
      serverName: "external-workload-2.mixed-env.external.identity.linkerd.cluster.local",
    });
    assert.deepEqual(machineIdentities(defaultNames), ["spiffe://root.linkerd.cluster.local/external-workload", "spiffe://root.linkerd.cluster.local/external-workload/*"]);
  });

  it("name the registration service as a harness asks for it when nobody says otherwise", () => {
    const derived = settingsTable.controlServerName.default.replaceAll("<controlNamespace>", "linkerd").replaceAll("<clusterDomain>", "cluster.local");
    assert.equal(registrationNames(defaultNames).serverName, derived);
  });

  it("follow the two domains", () => {
    const names = { trustDomain: "mesh.test", clusterDomain: "corp.test" };
    const { identity, serverName } = machineNames(names);
    assert.ok(identity.startsWith("spiffe://mesh.test/"));
    assert.ok([serverName, controlPlaneName(names)].every((name) => name.endsWith(".identity.linkerd.corp.test")));
  });
});
