import assert from "node:assert/strict";
import { renderGroupValues } from "../../../src/harness/registration/group-values.ts";
import { settingRow, type SettingKey } from "../../../src/model/settings/settings.ts";

const everything = {
  clusterDomain: "cluster.local", destinationAddr: "d.mesh:8086", destinationName: "d.name", policyAddr: "p.mesh:8090", policyName: "p.name",
  clusterNetworks: "10.0.0.0/8", defaultInboundPolicy: "all-authenticated",
};

describe("what a group tells a proxy", () => {
  it("is said as settings, each of which its kind can read", () => {
    const values = renderGroupValues(everything);
    assert.deepEqual(values, {
      clusterDomain: "cluster.local", destinationSvcAddr: "d.mesh:8086", destinationSvcName: "d.name", policySvcAddr: "p.mesh:8090", policySvcName: "p.name",
      clusterNetworks: "10.0.0.0/8", defaultInboundPolicy: "all-authenticated",
    });
    for (const [key, text] of Object.entries(values)) assert.ok(settingRow(key as SettingKey).kind.parse(text, "linux").ok, key);
  });

  it("is nothing where the group says nothing, and passes over what only a newer service knows", () => {
    assert.deepEqual(renderGroupValues({}), {});
    assert.deepEqual(renderGroupValues({ policyName: "p", proxyLogLevel: "trace" } as never), { policySvcName: "p" });
  });
});
