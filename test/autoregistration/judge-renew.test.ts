import assert from "node:assert/strict";
import type { RenewCall } from "../../src/autoregistration/calls.ts";
import { judgeRenew, type RenewView } from "../../src/autoregistration/judge-renew.ts";
import type { LeaseObject, ReadyCondition } from "../../src/autoregistration/objects.ts";
import { condition, group, health, incarnation, lease, now, renderVerdict, renewCall, stored, workload } from "./samples.ts";

const rules = { now, defaultIdentities: [] };
const usual: RenewView = { tokenValid: true, group: group(), configVersion: "c1", workload: stored(workload()), lease: stored(lease()), owners: [] };
const held = (change: Partial<LeaseObject>, status: Partial<ReadyCondition> = {}): RenewView => ({ ...usual, lease: stored(lease(change)), workload: stored(workload({}, { condition: condition(status) })) });
const owned = (live: boolean): RenewView => ({ ...usual, owners: [{ address: "10.0.0.6", live }] });
const ready = health({ state: "Ready" });
const old = { incarnation: incarnation({ incarnationId: "life-2", epoch: 2 }), health: ready };
const nobody = group({ admission: { ...group().admission, identities: [] } });
const unready = { ready: false, reason: "NotReady" };

const table: readonly (readonly [string, Partial<RenewCall>, RenewView, string])[] = [
  ["nothing new: no write", { health: ready }, usual, "accepted"],
  ["half the lease is not over", { health: ready }, held({ renewedAt: now - 20_000 }), "accepted"],
  ["half the lease is over", { health: ready }, held({ renewedAt: now - 20_001 }), "accepted; update-lease it"],
  ["the clock was set back by five minutes", { health: ready }, held({ renewedAt: now + 300_000 }), "accepted; update-lease it"],
  ["the group's lease is another", { health: ready }, { ...usual, group: group({ lease: { ...group().lease, duration: 60_000 } }) }, "accepted; update-lease it"],
  ["a token of somebody else", { health: ready }, { ...usual, tokenValid: false }, "LEASE_INVALID"],
  ["a wrong token says the same of a workload that does not exist", { health: ready }, { ...usual, tokenValid: false, workload: undefined, lease: undefined }, "LEASE_INVALID"],
  ["the workload was deleted by hand", { health: ready }, { ...usual, workload: undefined }, "WORKLOAD_GONE"],
  ["the lease was deleted by hand", { health: ready }, { ...usual, lease: undefined }, "WORKLOAD_GONE"],
  ["the name belongs to another identity by now", { health: ready }, { ...usual, workload: stored(workload({ identity: "spiffe://td/vm/other" })) }, "LEASE_INVALID"],
  ["the name belongs to another instance by now", { health: ready }, { ...usual, workload: stored(workload({ instanceId: "other" })) }, "LEASE_INVALID"],
  ["the group is gone", { health: ready }, { ...usual, group: undefined }, "GROUP_NOT_FOUND"],
  ["the group no longer lets the identity in", { health: ready }, { ...usual, group: nobody }, "IDENTITY_NOT_ALLOWED; condition it False NotAdmitted"],
  ["not let in, told again: no second write", { health: ready }, { ...held({}, { ready: false, reason: "NotAdmitted" }), group: nobody }, "IDENTITY_NOT_ALLOWED"],
  ["not let in, but alive", { health: ready }, { ...held({ renewedAt: now - 30_000 }, { ready: false, reason: "NotAdmitted" }), group: nobody }, "IDENTITY_NOT_ALLOWED; update-lease it"],
  ["the probe fails: number and condition", {}, usual, "accepted; update-lease it; condition it False NotReady"],
  ["the probe fails for a reason of its own", { health: health({ reason: "ProbeFailed" }) }, usual, "accepted; update-lease it; condition it False ProbeFailed"],
  ["another reason is worth a write", { health: health({ reason: "ProbeFailed" }) }, held({}, unready), "accepted; update-lease it; condition it False ProbeFailed"],
  ["another message alone is not", { health: health({ message: "17 times" }) }, held({}, unready), "accepted"],
  ["a reason that Kubernetes would refuse is replaced", { health: health({ reason: "probe failed!" }) }, usual, "accepted; update-lease it; condition it False NotReady"],
  ["three renewals were lost, then ready", { health: health({ state: "Ready", seq: 10 }) }, held({ renewedAt: now - 40_000 }, unready), "accepted; update-lease it; condition it True Ready"],
  ["the report is older than the stored one", { health: health({ seq: 4 }) }, usual, "accepted"],
  ["the same report again, after a kill before the condition", {}, held({ healthSeq: 7 }), "accepted; update-lease it; condition it False NotReady"],
  ["killed before the first condition", { health: ready }, { ...usual, workload: stored(workload({}, { condition: undefined })) }, "accepted; update-lease it; condition it True Ready"],
  ["the machine says that it drains", { health: health({ state: "Draining" }) }, usual, "accepted; update-lease it; condition it False Draining"],
  ["who is leaving is not ready again by a late report", { health: ready }, held({ drainingSince: now - 1 }, { ready: false, reason: "Draining" }), "accepted"],
  ["back from the dead", { health: ready }, held({ renewedAt: now - 90_000, expiredAt: now - 20_000 }, { ready: false, reason: "LeaseExpired" }), "accepted; update-lease it; condition it True Ready"],
  ["another address", { health: ready, addresses: ["10.0.0.6"] }, usual, "accepted; update-workload it"],
  ["another address and not ready: the condition follows the object", { addresses: ["10.0.0.6"] }, usual, "accepted; update-lease it; update-workload it; condition it False NotReady"],
  ["the same address in another spelling", { health: ready, addresses: ["FD00::0005"] }, { ...usual, workload: stored(workload({ addresses: ["fd00::5"] })) }, "accepted"],
  ["another address that cannot be dialled: not ready where nobody reaches it", { health: ready, addresses: ["fe80::1"] }, usual, "ADDRESS_INVALID; condition it False NotAdmitted"],
  ["another address that a living workload has", { health: ready, addresses: ["10.0.0.6"] }, owned(true), "ADDRESS_IN_USE; condition it False NotAdmitted"],
  ["another address that a dead workload has", { health: ready, addresses: ["10.0.0.6"] }, owned(false), "accepted; update-workload it"],
  ["back from the dead, and a living workload has its address by now", { health: ready }, { ...held({ expiredAt: now - 20_000 }, { ready: false, reason: "LeaseExpired" }), owners: owned(true).owners }, "ADDRESS_IN_USE; update-lease it; condition it False NotAdmitted"],
  ["back before anybody said that it was dead, and a living workload has its address by now", { health: ready }, { ...held({ renewedAt: now - 60_000 }), owners: owned(true).owners }, "ADDRESS_IN_USE; update-lease it; condition it False NotAdmitted"],
  ["not let in for its address, and the other one is there still", { health: ready }, { ...held({}, { ready: false, reason: "NotAdmitted" }), owners: owned(true).owners }, "ADDRESS_IN_USE"],
  ["not let in for its address, and the other one is gone", { health: ready }, { ...held({}, { ready: false, reason: "NotAdmitted" }), owners: owned(false).owners }, "accepted; update-lease it; condition it True Ready"],
  ["heard all the time, and another one claims its address", { health: ready }, owned(true), "accepted"],
  ["superseded just now: a straggler", old, held({ registeredAt: now - 5000 }), "SUPERSEDED"],
  ["superseded for longer: two live, neither is ready", old, held({ registeredAt: now - 5001 }), "DUPLICATE_INSTANCE; update-lease it duplicate; condition it False DuplicateInstance"],
  ["two live, told again: no second write", old, held({ duplicateAt: now - 30_000 }, { ready: false, reason: "DuplicateInstance" }), "DUPLICATE_INSTANCE"],
  ["two live, the proof has aged", old, held({ duplicateAt: now - 30_001 }, { ready: false, reason: "DuplicateInstance" }), "DUPLICATE_INSTANCE; update-lease it duplicate"],
  ["a clone of the same epoch is a straggler too", { ...old, incarnation: incarnation({ incarnationId: "clone" }) }, usual, "DUPLICATE_INSTANCE; update-lease it duplicate; condition it False DuplicateInstance"],
  ["superseded, and the clock was set back", old, held({ registeredAt: now + 300_000 }), "SUPERSEDED"],
  ["superseded by a process that died: may register", old, held({ renewedAt: now - 60_000 }), "WORKLOAD_GONE"],
  ["superseded by a process that leaves: may register", old, held({ drainingSince: now - 1 }), "WORKLOAD_GONE"],
  ["newer than the holder: its own lease was lost", { incarnation: incarnation({ incarnationId: "life-4", epoch: 4 }) }, usual, "WORKLOAD_GONE"],
  ["the holder while the other is heard", { health: ready }, held({ duplicateAt: now - 180_000 }, { ready: false, reason: "DuplicateInstance" }), "DUPLICATE_INSTANCE"],
  ["the holder while the other is heard lives on", { health: ready }, held({ duplicateAt: now - 1000, renewedAt: now - 30_000 }), "DUPLICATE_INSTANCE; update-lease it duplicate"],
  ["the holder when the other is quiet", { health: ready }, held({ duplicateAt: now - 180_001 }, { ready: false, reason: "DuplicateInstance" }), "accepted; update-lease it; condition it True Ready"],
];

describe("judgeRenew", () => {
  for (const [title, call, view, wanted] of table) {
    it(`${title}: ${wanted}`, () => {
      assert.equal(renderVerdict(judgeRenew(renewCall(call), view, rules)), wanted);
    });
  }

  it("acknowledges the report that holds, and says when the group's text is another", () => {
    const answer = (call: Partial<RenewCall>, view = usual) => {
      const verdict = judgeRenew(renewCall(call), view, rules);
      return verdict.kind === "accepted" && { seq: verdict.answer.healthSeq, changed: verdict.answer.configChanged };
    };
    assert.deepEqual(answer({}), { seq: 7, changed: false });
    assert.deepEqual(answer({ health: health({ seq: 4 }) }), { seq: 5, changed: false });
    assert.deepEqual(answer({ configVersion: "c0" }), { seq: 7, changed: true });
  });

  it("names the version of each write: the one it saw, or that of the write before", () => {
    const versions = (call: Partial<RenewCall>) => judgeRenew(renewCall(call), { ...usual, workload: stored(workload(), "3"), lease: stored(lease(), "7") }, rules).writes.map((write) => ("version" in write ? write.version : "new"));
    assert.deepEqual(versions({}), ["7", "3"]);
    assert.deepEqual(versions({ addresses: ["10.0.0.6"] }), ["7", "3", undefined]);
  });

  it("stores the transition's time, number and text, and keeps the time when only the reason changes", () => {
    const writes = judgeRenew(renewCall({ health: health({ reason: "ProbeFailed", message: "a\u001b[31m\nb\u202e" + "c".repeat(2000) }) }), usual, rules).writes;
    const [first, second] = writes;
    assert.ok(first?.kind === "update-lease" && first.lease.healthSeq === 7 && first.lease.renewedAt === now);
    assert.ok(second?.kind === "condition");
    assert.equal(second.condition.since, new Date(now).toISOString());
    assert.match(second.condition.message, /^a \[31m b c{900,}$/u);
    const again = judgeRenew(renewCall({ health: health({ reason: "Other" }) }), held({}, { ...unready, since: "before" }), rules).writes[1];
    assert.ok(again?.kind === "condition" && again.condition.since === "before");
  });
});
