import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseGroupManifest } from "../../../src/model/external-group-manifest.ts";
import { builtInGroup, renderGroupFile } from "../../../src/simulator/registration/render-group.ts";

describe("simulator: the group that it brings along", () => {
  it("is a good group file: its machines may join, its probe asks the application, a dead machine shows soon", () => {
    const parsed = parseGroupManifest(parse(renderGroupFile({ names: { trustDomain: "mesh.test", clusterDomain: "corp.test" }, applicationPort: 9000 })));
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("; "));
    const { key, admission, lease, probe, ports } = parsed.group;
    assert.deepEqual(key, builtInGroup);
    assert.deepEqual(admission.identities, ["spiffe://mesh.test/external-workload", "spiffe://mesh.test/external-workload/*"]);
    assert.deepEqual(lease, { renewInterval: 5000, duration: 15_000, deregisterAfter: 60_000, drain: 10_000 });
    assert.deepEqual(probe?.action.kind === "httpGet" ? [probe.action.path, probe.action.port] : [], ["/ready", 9000]);
    assert.deepEqual(ports, [{ name: "http", port: 9000, protocol: "TCP" }]);
  });
});
