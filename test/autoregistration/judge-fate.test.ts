import assert from "node:assert/strict";
import { judgeFate, type Now, type Place } from "../../src/autoregistration/judge-fate.ts";
import type { LeaseObject, ReadyCondition } from "../../src/autoregistration/objects.ts";
import { renderWrite } from "../../src/autoregistration/writes.ts";
import { leaseDefaults } from "../../src/model/external-group.ts";
import { condition, group, lease, now as wall, stored, workload } from "./samples.ts";

const now: Now = { wall, monotonic: 0 };
const usual: Place = { workload: stored(workload()), lease: stored(lease()), group: group(), unchangedFor: 5000, groupMissingFor: 0 };
const status = (reason: string): ReadyCondition => condition({ ready: false, reason });
const place = (change: Partial<LeaseObject>, unchangedFor = 5000, held?: ReadyCondition): Place => ({ ...usual, unchangedFor, lease: stored(lease(change)), ...(held && { workload: stored(workload({}, { condition: held })) }) });
const orphan = (unchangedFor: number, held: ReadyCondition | undefined, createdAt = 0): Place => ({ ...usual, lease: undefined, unchangedFor, workload: stored(workload({}, { condition: held, createdAt })) });
const groupless = (groupMissingFor: number, held = condition()): Place => ({ ...usual, group: undefined, groupMissingFor, workload: stored(workload({}, { condition: held })) });
const never = group({ lease: { ...leaseDefaults, deregisterAfter: 0 } });

const table: readonly (readonly [string, Place, string])[] = [
  ["alive", usual, "keep"],
  ["watched in silence for less than one and a half leases", place({}, 59_999), "keep"],
  ["watched in silence for one and a half leases", place({}, 60_000), "expire; no renewal for 60 s; update-lease it expired; condition it False LeaseExpired"],
  ["stored as silent, but this server has not watched for a lease", place({ renewedAt: wall - 3_600_000 }, 39_999), "keep"],
  ["stored as silent, and watched for a lease", place({ renewedAt: wall - 3_600_000 }, 40_000), "expire; no renewal for 3600 s; update-lease it expired; condition it False LeaseExpired"],
  ["stored as just silent, and watched for a lease", place({ renewedAt: wall - 60_000 }, 40_000), "expire; no renewal for 60 s; update-lease it expired; condition it False LeaseExpired"],
  ["renewed in time by the wall clock, which was set back, but watched in silence", place({ renewedAt: wall + 300_000 }, 60_000), "expire; no renewal for 60 s; update-lease it expired; condition it False LeaseExpired"],
  ["silent by the wall clock, which was set forward, but just seen to renew", place({ renewedAt: wall - 300_000 }, 20_000), "keep"],
  ["silent and not ready before", place({}, 60_000, status("NotReady")), "expire; no renewal for 60 s; update-lease it expired; condition it False LeaseExpired"],
  ["draining and silent", place({ drainingSince: wall - 70_000 }, 60_000, status("Draining")), "expire; no renewal for 60 s; update-lease it expired draining; condition it False LeaseExpired"],
  ["leaving, not drained yet", place({ drainingSince: wall - 9999, leaving: true }), "keep"],
  ["leaving and drained", place({ drainingSince: wall - 10_000, leaving: true }), "delete; drained, as its machine asked; delete-lease it; delete-workload it"],
  ["expired, killed before the condition", place({ expiredAt: wall - 1 }), "mark; LeaseExpired: Its machine is silent.; condition it False LeaseExpired"],
  ["expired for less than the group's time", place({ expiredAt: wall - 599_999 }, 700_000, status("LeaseExpired")), "keep"],
  ["expired for the group's time", place({ expiredAt: wall - 600_000 }, 700_000, status("LeaseExpired")), "delete; expired 600 s ago; delete-lease it; delete-workload it"],
  ["expired for the group's time by a clock that was set forward", place({ expiredAt: wall - 600_000 }, 59_999, status("LeaseExpired")), "keep"],
  ["expired for the group's time, and watched for a minute", place({ expiredAt: wall - 600_000 }, 60_000, status("LeaseExpired")), "delete; expired 600 s ago; delete-lease it; delete-workload it"],
  ["expired in a group that never deletes", { ...place({ expiredAt: wall - 9_000_000 }, 700_000, status("LeaseExpired")), group: never }, "keep"],
  ["without a lease, just created", orphan(59_999, undefined), "keep"],
  ["without a lease and without a condition", orphan(60_000, undefined), "mark; LeaseMissing: It has no lease.; condition it False LeaseMissing"],
  ["without a lease, but ready", orphan(60_000, condition()), "mark; LeaseMissing: It has no lease.; condition it False LeaseMissing"],
  ["without a lease, marked", orphan(599_999, status("LeaseMissing")), "keep"],
  ["without a lease for the group's time", orphan(600_000, status("LeaseMissing")), "delete; has no lease for 600 s; delete-workload it"],
  ["without a lease, but young", orphan(600_000, status("LeaseMissing"), wall - 599_999), "keep"],
  ["without a lease, and just old enough", orphan(600_000, status("LeaseMissing"), wall - 600_000), "delete; has no lease for 600 s; delete-workload it"],
  ["without a lease in a group that never deletes", { ...orphan(9_000_000, status("LeaseMissing")), group: never }, "keep"],
  ["of a group that is being saved", groupless(29_999), "keep"],
  ["of a group that is gone", groupless(30_000), "mark; GroupGone: There is no group orders.; condition it False GroupGone"],
  ["of a group that is gone, marked", groupless(629_999, status("GroupGone")), "keep"],
  ["of a group that stays away", groupless(630_000, status("GroupGone")), "delete; its group is gone for 630 s; delete-lease it; delete-workload it"],
  ["of a group with other labels", { ...usual, group: group({ labels: { app: "new" } }) }, "edit; its group has other labels; update-workload it"],
  ["of a group with other everything", { ...usual, group: group({ labels: {}, annotations: { a: "b" }, ports: [] }) }, "edit; its group has other labels, annotations, ports; update-workload it"],
  ["of a group with other admission", { ...usual, group: group({ admission: { identities: [], allowedCidrs: [], allowedLabels: [], maxWorkloads: 1 } }) }, "keep"],
  ["expired, of a group with other ports", { ...place({ expiredAt: wall - 1 }, 5000, status("LeaseExpired")), group: group({ ports: [] }) }, "edit; its group has other ports; update-workload it"],
];

describe("judgeFate", () => {
  for (const [title, seen, wanted] of table) {
    it(`a workload ${title}: ${wanted}`, () => {
      const { kind, why, writes } = judgeFate(seen, now);
      assert.equal([kind, why, ...writes.map(renderWrite)].filter((part) => part !== "").join("; ").replaceAll("shop/orders-1", "it"), wanted);
    });
  }

  it("lays an edit under the labels that the machine set and may still set", () => {
    const labelled = { ...usual, workload: stored(workload({ labels: { app: "orders", tier: "db" }, machineLabels: { tier: "db" } })) };
    const labels = (allowedLabels: readonly string[]) => {
      const [write] = judgeFate({ ...labelled, group: group({ labels: { app: "new", tier: "web" }, admission: { ...group().admission, allowedLabels } }) }, now).writes;
      return write?.kind === "update-workload" && write.object.labels;
    };
    assert.deepEqual(labels(["tier"]), { app: "new", tier: "db" });
    assert.deepEqual(labels([]), { app: "new", tier: "web" });
  });
});
