import assert from "node:assert/strict";
import type { RegisterCall } from "../../src/autoregistration/calls.ts";
import { judgeRegister, type RegisterView, type Rules, type StoredOwner } from "../../src/autoregistration/judge-register.ts";
import type { LeaseObject } from "../../src/autoregistration/objects.ts";
import { condition, group, health, incarnation, lease, now, object, registerCall, renderVerdict, stored, workload } from "./samples.ts";

const rules: Rules = { now, clusterDomain: "cluster.local", defaultIdentities: [] };
const fresh: RegisterView = { group: group(), name: "orders-1", workload: undefined, lease: undefined, owners: [], others: 0 };
const known: RegisterView = { ...fresh, workload: stored(workload()), lease: stored(lease()) };
const held = (change: Partial<LeaseObject>): RegisterView => ({ ...known, lease: stored(lease(change)) });
const dead = { renewedAt: now - 60_000 };
const owner = (identity: string, live: boolean): StoredOwner => ({
  address: "10.0.0.5",
  live,
  workload: stored(workload({ key: { namespace: "shop", name: "old" }, identity }), "8"),
  lease: stored(lease({ key: { namespace: "shop", name: "old" }, ...(live ? {} : dead) }), "9"),
});
const next = incarnation({ incarnationId: "life-4", epoch: 4 });
const ready = health({ state: "Ready", seq: 9 });
const admission = group().admission;

// What the rule says, how the call and the view differ from the usual, and what comes of it.
const table: readonly (readonly [string, Partial<RegisterCall>, RegisterView, string])[] = [
  ["a new machine is made, then leased, then told not ready", {}, fresh, "accepted; create-workload it; create-lease it; condition it False Registered"],
  ["a new machine may be ready at once", { health: ready }, fresh, "accepted; create-workload it; create-lease it; condition it True Ready"],
  ["a group that does not exist", {}, { ...fresh, group: undefined }, "GROUP_NOT_FOUND"],
  ["a workload of another identity", {}, { ...known, workload: stored(workload({ identity: "spiffe://td/vm/other" })) }, "IDENTITY_NOT_ALLOWED"],
  ["a workload of another instance", {}, { ...known, workload: stored(workload({ instanceId: "other" })) }, "IDENTITY_NOT_ALLOWED"],
  ["no name is left", {}, { ...fresh, name: undefined }, "IDENTITY_NOT_ALLOWED"],
  ["an identity that the group does not let in", {}, { ...fresh, group: group({ admission: { ...admission, identities: [] } }) }, "IDENTITY_NOT_ALLOWED"],
  ["an identity that the group no longer lets in: not ready", {}, { ...known, group: group({ admission: { ...admission, identities: [] } }) }, "IDENTITY_NOT_ALLOWED; condition it False NotAdmitted"],
  ["a label that the group does not allow", { labels: { app: "x" } }, fresh, "LABEL_NOT_ALLOWED"],
  ["a group that is full", {}, { ...fresh, others: 1, group: group({ admission: { ...admission, maxWorkloads: 1 } }) }, "GROUP_FULL"],
  ["a group that became too small keeps whom it has", { health: ready }, { ...known, others: 9, group: group({ admission: { ...admission, maxWorkloads: 1 } }) }, "accepted"],
  ["an address that nobody can dial", { addresses: ["fe80::1"] }, fresh, "ADDRESS_INVALID"],
  ["an address of a living workload", {}, { ...fresh, owners: [owner("spiffe://td/vm/orders", true)] }, "ADDRESS_IN_USE"],
  ["an address of a dead workload of the same identity, which goes", {}, { ...fresh, owners: [owner("spiffe://td/vm/orders", false)] }, "accepted; create-workload it; create-lease it; condition it False Registered; delete-lease shop/old; delete-workload shop/old"],
  ["an address of a living workload of the same identity that is not let in, which stays", {}, { ...fresh, owners: [{ ...owner("spiffe://td/vm/orders", true), live: false }] }, "accepted; create-workload it; create-lease it; condition it False Registered"],
  ["an address of a dead workload of another identity, which stays", {}, { ...fresh, owners: [owner("spiffe://td/vm/other", false)] }, "accepted; create-workload it; create-lease it; condition it False Registered"],
  ["a server name that is too long", {}, { ...fresh, group: group({ proxy: { clusterDomain: `${"a.".repeat(110)}b` } }) }, "REQUEST_INVALID"],
  ["a server name that just fits", {}, { ...fresh, group: group({ proxy: { clusterDomain: "a".repeat(253 - "orders-1.shop.external.identity.linkerd.".length) } }) }, "accepted; create-workload it; create-lease it; condition it False Registered"],
  ["the same process again, nothing new: no write", { health: ready }, known, "accepted"],
  ["the same process again, half the lease later", { health: ready }, held({ renewedAt: now - 20_001 }), "accepted; update-lease it"],
  ["the same process again, the clock set back", { health: ready }, held({ renewedAt: now + 300_000 }), "accepted; update-lease it"],
  ["the same process again, its report older than what is stored", { health: health({ seq: 4 }) }, known, "accepted"],
  ["the same process again, not ready", { health: health({ seq: 9 }) }, known, "accepted; condition it False Registered"],
  ["the same process at another address", { health: ready, addresses: ["10.0.0.6"] }, known, "accepted; update-workload it"],
  ["the same process, another group text", { health: ready }, { ...known, group: group({ labels: { app: "new" } }) }, "accepted; update-workload it"],
  ["the same process after its lease expired", { health: ready }, { ...held({ ...dead, expiredAt: now - 1 }), workload: stored(workload({}, { condition: condition({ ready: false, reason: "LeaseExpired" }) })) }, "accepted; update-lease it; condition it True Ready"],
  ["the same process that was draining is ready again", { health: ready }, { ...held({ drainingSince: now - 1, leaving: true }), workload: stored(workload({}, { condition: condition({ ready: false, reason: "Draining" }) })) }, "accepted; update-lease it; condition it True Ready"],
  ["killed between workload and lease", {}, { ...known, lease: undefined, workload: stored(workload({}, { condition: undefined })) }, "accepted; create-lease it; condition it False Registered"],
  ["killed between lease and condition", { health: health({ seq: 5 }) }, { ...known, workload: stored(workload({}, { condition: undefined })) }, "accepted; condition it False Registered"],
  ["a lease whose workload is gone", { health: health({ seq: 9 }) }, { ...known, workload: undefined }, "accepted; create-workload it; condition it False Registered"],
  ["a newer process fences the older one off first", { incarnation: next, addresses: ["10.0.0.6"] }, known, "accepted; update-lease it; update-workload it; condition it False Registered"],
  ["an older process while the newer one lives", { incarnation: incarnation({ incarnationId: "life-2", epoch: 2 }) }, known, "SUPERSEDED"],
  ["an older process when the newer one is dead: restored from a backup", { incarnation: incarnation({ incarnationId: "life-2", epoch: 2 }) }, held(dead), "accepted; update-lease it; condition it False Registered"],
  ["an older process when the newer one is leaving", { incarnation: incarnation({ incarnationId: "life-2", epoch: 2 }) }, held({ drainingSince: now - 1 }), "accepted; update-lease it; condition it False Registered"],
  ["another process of the same epoch: a clone", { incarnation: incarnation({ incarnationId: "clone" }) }, known, "DUPLICATE_INSTANCE"],
  ["another process of the same epoch when the holder is dead", { incarnation: incarnation({ incarnationId: "clone" }) }, held(dead), "accepted; update-lease it; condition it False Registered"],
  ["the holder while a clone is heard", { health: ready }, held({ duplicateAt: now - 180_000 }), "DUPLICATE_INSTANCE"],
  ["the holder when the clone is quiet", { health: ready }, held({ duplicateAt: now - 180_001 }), "accepted; update-lease it"],
  ["a newer process ends the doubt", { incarnation: next, health: ready }, held({ duplicateAt: now - 1 }), "accepted; update-lease it"],
];

describe("judgeRegister", () => {
  for (const [title, call, view, wanted] of table) {
    it(`${title}: ${wanted}`, () => {
      assert.equal(renderVerdict(judgeRegister(registerCall(call), view, rules)), wanted);
    });
  }

  it("makes the workload from what mTLS proved and what the group says, and little of the machine's own", () => {
    const verdict = judgeRegister(registerCall({ labels: { tier: "db" }, inboundPort: 5143, addresses: ["FD00::5"] }), { ...fresh, group: group({ annotations: { team: "x" } }) }, rules);
    assert.ok(verdict.kind === "accepted");
    assert.deepEqual(verdict.answer.object, object({ labels: { app: "orders", tier: "db" }, machineLabels: { tier: "db" }, annotations: { team: "x" }, inboundPort: 5143, addresses: ["fd00::5"] }));
    assert.deepEqual(verdict.answer.lease, lease({ renewedAt: now, registeredAt: now, healthSeq: 1 }));
  });

  it("keeps the lease's beginning and its newest report for the same process, and begins anew for the next", () => {
    const answer = (call: Partial<RegisterCall>) => {
      const verdict = judgeRegister(registerCall(call), known, rules);
      return verdict.kind === "accepted" ? verdict.answer.lease : undefined;
    };
    assert.deepEqual(answer({ health: health({ seq: 3 }) }), lease({ renewedAt: now }));
    assert.deepEqual(answer({ incarnation: next }), lease({ incarnationId: "life-4", epoch: 4, renewedAt: now, registeredAt: now, healthSeq: 1 }));
  });

  it("names the version of each write: the one it saw, or that of the write before", () => {
    const versions = (view: RegisterView) => judgeRegister(registerCall({ incarnation: next, addresses: ["10.0.0.6"] }), view, rules).writes.map((write) => ("version" in write ? write.version : "new"));
    assert.deepEqual(versions({ ...known, lease: stored(lease(), "7"), workload: stored(workload(), "3") }), ["7", "3", undefined]);
    assert.deepEqual(versions(fresh), ["new", "new", undefined]);
    const unmoved = judgeRegister(registerCall({ incarnation: next }), { ...known, workload: stored(workload(), "3") }, rules).writes.at(-1);
    assert.ok(unmoved?.kind === "condition" && unmoved.version === "3");
  });
});
