import assert from "node:assert/strict";
import type { DeregisterCall } from "../../src/autoregistration/calls.ts";
import { judgeDeregister, type DeregisterView } from "../../src/autoregistration/judge-deregister.ts";
import type { LeaseObject } from "../../src/autoregistration/objects.ts";
import { condition, group, identity, incarnation, lease, now, renderVerdict, stored, workload } from "./samples.ts";

const usual: DeregisterView = { tokenValid: true, group: group(), workload: stored(workload()), lease: stored(lease()) };
const draining = (change: Partial<LeaseObject>): DeregisterView => ({ ...usual, lease: stored(lease(change)), workload: stored(workload({}, { condition: condition({ ready: false, reason: "Draining" }) })) });
const keeping = group({ onDeregister: "KeepNotReady" });

// What happens, the call, what is stored, the verdict, how long to go on serving.
const table: readonly (readonly [string, Partial<DeregisterCall>, DeregisterView, string, number?])[] = [
  ["drains: not ready at once, and kept", {}, usual, "accepted; update-lease it draining; condition it False Draining", 10_000],
  ["drains, said again: only the rest of the time", {}, draining({ drainingSince: now - 4000 }), "accepted", 6000],
  ["drains, said again after the time", {}, draining({ drainingSince: now - 60_000 }), "accepted", 0],
  ["drains, and the clock was set back: never longer than the group says", {}, draining({ drainingSince: now + 300_000 }), "accepted", 10_000],
  ["drains as long as its group says", {}, { ...usual, group: group({ lease: { ...group().lease, drain: 30_000 } }) }, "accepted; update-lease it draining; condition it False Draining", 30_000],
  ["drains though its group is gone", {}, { ...usual, group: undefined }, "accepted; update-lease it draining; condition it False Draining", 10_000],
  ["drains without a lease", {}, { ...usual, lease: undefined }, "accepted; condition it False Draining", 10_000],
  ["is deleted after it drained", { mode: "delete" }, draining({ drainingSince: now - 10_000 }), "accepted; delete-lease it; delete-workload it", 0],
  ["wants to be deleted too early: drains first", { mode: "delete" }, draining({ drainingSince: now - 9999 }), "accepted; update-lease it draining leaving", 1],
  ["wants to be deleted undrained: drains first", { mode: "delete" }, usual, "accepted; update-lease it draining leaving; condition it False Draining", 10_000],
  ["is kept when its group keeps", { mode: "delete" }, { ...usual, group: keeping }, "accepted; update-lease it draining; condition it False Left", 10_000],
  ["is kept when its group keeps, drained or not", { mode: "delete" }, { ...draining({ drainingSince: now - 10_000 }), group: keeping }, "accepted; condition it False Left", 0],
  ["is gone already", {}, { ...usual, workload: undefined, lease: undefined }, "accepted", 0],
  ["is gone already but for its lease", { mode: "delete" }, { ...usual, workload: undefined }, "accepted; delete-lease it", 0],
  ["has a token of somebody else", { mode: "delete" }, { ...usual, tokenValid: false }, "LEASE_INVALID"],
  ["means a name that belongs to another identity by now", { mode: "delete" }, { ...usual, workload: stored(workload({ identity: "spiffe://td/vm/other" })) }, "LEASE_INVALID"],
  ["means a name that belongs to another instance by now", { mode: "delete" }, { ...usual, workload: stored(workload({ instanceId: "other" })) }, "LEASE_INVALID"],
  ["was superseded: leaves its successor alone", { mode: "delete", incarnation: incarnation({ incarnationId: "life-2", epoch: 2 }) }, usual, "SUPERSEDED"],
];

describe("judgeDeregister", () => {
  for (const [title, change, view, wanted, drainFor] of table) {
    it(`a machine ${title}: ${wanted}`, () => {
      const call: DeregisterCall = { identity, key: { namespace: "shop", name: "orders-1" }, token: "", incarnation: incarnation(), mode: "drain", ...change };
      const verdict = judgeDeregister(call, view, now);
      assert.equal(renderVerdict(verdict), wanted);
      assert.equal(verdict.kind === "accepted" ? verdict.answer.drainFor : undefined, drainFor);
    });
  }
});
