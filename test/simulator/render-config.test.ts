import assert from "node:assert/strict";
import { parse } from "yaml";
import { defaultNames } from "../../src/simulator/names.ts";
import { renderConfig, type MachineConfig } from "../../src/simulator/render-config.ts";

const config: MachineConfig = { names: defaultNames, listen: "10.90.0.1", number: 1, address: "10.90.0.2", socketPath: "/run/mesh/workload-api.sock", join: undefined };
const common = {
  inboundNetworkAddress: "10.90.0.2", clusterDomain: "cluster.local", destinationSvcAddr: "10.90.0.1:8086", policySvcAddr: "10.90.0.1:8090",
  spireSocketAddr: "unix:///run/mesh/workload-api.sock",
};

describe("simulator: config file of a machine", () => {
  it("serves a workload that exists, with static registration", () => {
    assert.deepEqual(parse(renderConfig(config)), {
      registration: "static", workloadName: "external-workload", workloadNamespace: "mixed-env",
      workloadServerName: "external-workload.mixed-env.external.identity.linkerd.cluster.local", ...common,
    });
  });

  it("has another workload for a second machine", () => {
    assert.equal(parse(renderConfig({ ...config, number: 2 })).workloadName, "external-workload-2");
  });

  it("names the group and the registration service, with dynamic registration", () => {
    const join = { group: { namespace: "shop", name: "orders" }, address: { host: "10.90.0.1", port: 8081 } };
    assert.deepEqual(parse(renderConfig({ ...config, join })), {
      registration: "dynamic", workloadGroupName: "orders", workloadGroupNamespace: "shop", controlAddress: "10.90.0.1:8081",
      controlServerName: "linkerd-autoregistration.linkerd.serviceaccount.identity.linkerd.cluster.local", ...common,
    });
  });
});
