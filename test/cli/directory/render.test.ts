import assert from "node:assert/strict";
import { renderGroupEntries, renderWorkloadEntries } from "../../../src/autoregistration/render-directory.ts";
import { renderAge, renderSeconds } from "../../../src/cli/directory/render-age.ts";
import { renderGroupList, renderWorkloadList } from "../../../src/cli/directory/render-lists.ts";
import { renderGroup, renderWorkload } from "../../../src/cli/directory/render-show.ts";
import { renderFacts, renderTable } from "../../../src/cli/directory/render-table.ts";
import { renderKey } from "../../../src/model/external-group.ts";
import type { GroupEntry, WorkloadEntry } from "../../../src/registration/directory.ts";
import { condition, group, lease, now, stored, workload } from "../../autoregistration/samples.ts";
import { assertGolden } from "../../support/golden.ts";

const workloads = [
  workload(),
  workload({ key: { namespace: "shop", name: "orders-2" }, addresses: ["10.0.0.6", "fd00::6"], facts: { os: "windows", hostname: "vm6", zone: "west", harnessVersion: "", proxyVersion: "" } }, { condition: condition({ ready: false, reason: "LeaseExpired", message: "silent for 61 s" }) }),
  workload({ key: { namespace: "shop", name: "billing-1" }, group: "billing", ports: [], labels: {} }, { condition: undefined, createdAt: now - 4000 }),
];
const leases = [lease(), lease({ key: { namespace: "shop", name: "orders-2" }, renewedAt: now - 9_000_000, expiredAt: now - 8_900_000 })];
const groups = [
  group({ probe: { action: { kind: "httpGet", host: "127.0.0.1", port: 8080, path: "/ready", scheme: "HTTP", headers: {} }, initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 } }),
  group({ key: { namespace: "shop", name: "billing" }, onDeregister: "KeepNotReady", ports: [], labels: {}, proxy: { clusterDomain: "cluster.local" }, admission: { identities: undefined, allowedCidrs: [{ family: 4, address: "10.0.0.0", prefix: 8 }, { family: 6, address: "fd00::", prefix: 8 }], allowedLabels: [], maxWorkloads: 3 } }),
  group({ key: { namespace: "shop", name: "closed" }, admission: { identities: [], allowedCidrs: [], allowedLabels: [], maxWorkloads: undefined }, lease: { renewInterval: 5000, duration: 90_000, deregisterAfter: 0, drain: 10_000 } }),
];
const troubles = [{ file: "broken.yaml", problems: ["spec.probes: needs exactly one of httpGet, tcpSocket, grpc and exec", "metadata.name: is not a DNS label"] }];

describe("the text of the registration service's lists", () => {
  const at = new Date(now);
  const groupEntries: readonly GroupEntry[] = renderGroupEntries({ groups: new Map(groups.map((one) => [renderKey(one.key), one])), workloads: workloads.map((one) => stored(one)), defaultIdentities: [] });
  const entries: readonly WorkloadEntry[] = [...renderWorkloadEntries({ workloads: workloads.map((one) => stored(one)), leases: leases.map((one) => stored(one)) }, now)];

  for (const [name, text] of [
    ["group-list", renderGroupList(groupEntries, troubles)],
    ["workload-list", renderWorkloadList(entries, { now: at, wide: false })],
    ["workload-list-wide", renderWorkloadList(entries, { now: at, wide: true })],
    ["group-show", groupEntries.map((one) => renderGroup(one, entries.filter((entry) => entry.group === one.name), at)).join("\n\n---\n\n")],
    ["workload-show", entries.map((one) => renderWorkload(one, at)).join("\n\n---\n\n")],
  ] as const) {
    it(`is for ${name} what a reviewer has seen`, () => {
      assertGolden(`cli/directory/${name}.txt`, `${text}\n`);
    });
  }

  for (const [seconds, text] of [
    [-5, "0s"], [0, "0s"], [0.9, "0s"], [119, "119s"], [120, "2m"], [200, "3m20s"], [599, "9m59s"], [600, "10m"], [10_799, "179m"], [10_800, "3h"], [18_600, "5h10m"], [28_800, "8h"], [172_799, "47h"], [172_800, "2d"], [273_600, "3d4h"], [691_200, "8d"], [86_400 * 400, "400d"],
  ] as const) {
    it(`is ${text} for an age of ${seconds} s`, () => {
      assert.equal(renderAge(seconds * 1000), text);
    });
  }

  it("has times as a person says them", () => {
    assert.deepEqual([0, 5, 60, 90, 600].map(renderSeconds), ["0s", "5s", "1m", "1m30s", "10m"]);
  });

  it("has columns as wide as their widest cell, and no blanks at the end", () => {
    assert.equal(renderTable(["A", "LONG", "C"], [["wider", "x", ""], ["y", "", "z"]]), "A       LONG   C\nwider   x\ny              z");
  });

  it("leaves out what is empty, and nothing of what steers a terminal gets through", () => {
    assert.equal(renderFacts([["A", "x\ny"], ["Long", ""], ["Lon", "\u001b[2Jz"]]), "A:     x\n       y\nLon:    [2Jz");
    assert.equal(renderTable(["A"], [["\u001b[31m\u0007\u200e"]]), "A\n [31m");
  });
});
