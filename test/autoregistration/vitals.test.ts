import assert from "node:assert/strict";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { ServiceMetrics } from "../../src/autoregistration/service-metrics.ts";
import { Vitals } from "../../src/autoregistration/vitals.ts";
import { MeshError } from "../../src/model/errors.ts";
import { refuseCall } from "../../src/registration/reasons.ts";
import { agreeing } from "../registration/wire-lab.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { condition, group, lease, now, object, stored, workload } from "./samples.ts";

const trouble = (code: "STORE_FAILED" | "SERVER_NAME_MISSING"): MeshError => new MeshError(code, { doing: "x", what: "y" });

describe("readiness", () => {
  it("is that of the phase, and tells each as it comes", () => {
    const phases: string[] = [];
    const vitals = new Vitals((phase) => phases.push(phase));
    assert.deepEqual(vitals.readiness(), { ready: false, reason: "starting", problems: [] });
    for (const phase of ["standing by", "waiting for an identity", "serving", "draining"] as const) {
      vitals.enter(phase);
      assert.deepEqual([vitals.readiness().ready, vitals.readiness().reason], [phase === "serving", phase]);
    }
    assert.deepEqual(phases, ["standing by", "waiting for an identity", "serving", "draining"]);
  });

  it("ends while a part is in trouble; a name that machines may not ask for, or a group file, is only told", () => {
    const vitals = new Vitals();
    vitals.enter("serving");
    vitals.trouble("name", trouble("SERVER_NAME_MISSING"));
    assert.deepEqual([vitals.readiness().ready, vitals.readiness().problems[0]?.code], [true, "SERVER_NAME_MISSING"]);
    vitals.trouble("store", trouble("STORE_FAILED"));
    assert.deepEqual([vitals.readiness().ready, vitals.readiness().reason], [false, "trouble with the store"]);
    vitals.trouble("store", undefined);
    assert.equal(vitals.readiness().ready, true);
    assert.equal(vitals.readiness(new Map([["identity", trouble("STORE_FAILED")]])).reason, "trouble with the identity");
  });
});

describe("metrics", () => {
  const [clock, fleet, vitals] = [new JumpingClock(new Date(now)), new Fleet(), new Vitals()];
  const groups = { current: () => new Map([["shop/orders", group()]]), troubles: () => [{ file: "a", problems: ["b"] }] };
  const metrics = new ServiceMetrics({ clock, fleet, vitals, groups, ready: () => true, service: () => ({ counts: () => ({ connections: 3, failedHandshakes: 2 }) }), identityExpiresAt: () => new Date(now) });
  const lines = async (): Promise<readonly string[]> => (await metrics.render()).split("\n").filter((line) => line.startsWith("linkerd_mesh_registration_")).map((line) => line.slice("linkerd_mesh_registration_".length));

  it("count calls by method and reason, also those that fail in a way that nobody foresaw", async () => {
    const { register, renew, deregister } = metrics.observe(agreeing({
      renew: async () => ({ ok: false, refusal: refuseCall("SUPERSEDED", "x") }),
      deregister: () => Promise.reject(new Error("no")),
    }));
    const call = [{} as never, { identity: "spiffe://td/a", expiresAt: undefined }, new AbortController().signal] as const;
    await register(...call);
    await renew(...call);
    await assert.rejects(deregister(...call));
    const seen = await lines();
    for (const line of ['calls_total{method="Register",reason="OK"} 1', 'calls_total{method="Renew",reason="SUPERSEDED"} 1', 'calls_total{method="Deregister",reason="INTERNAL"} 1', 'call_duration_seconds_count{method="Register"} 1']) assert.ok(seen.includes(line), line);
  });

  it("say how machines, leases, rounds, groups and connections stand, and forget what is gone", async () => {
    const other = { namespace: "shop", name: "other" };
    fleet.note([
      { kind: "workload", key: object().key, stored: stored(workload({}, { condition: condition({ ready: true }) })) },
      { kind: "workload", key: other, stored: stored(workload({ key: other }, { condition: condition({ ready: false }) })) },
      { kind: "lease", key: object().key, stored: stored(lease()) },
      { kind: "lease", key: other, stored: stored(lease({ key: other, expiredAt: now })) },
    ]);
    vitals.leads = true;
    vitals.round({ done: [{ kind: "expire", key: other, why: "", writes: [] }], tripped: [{ scope: "everything", silent: 9, of: 10 }], held: 4 });
    const seen = await lines();
    for (const line of [
      'workloads{namespace="shop",group="orders",ready="true"} 1', 'leases{state="live"} 1', 'leases{state="expired"} 1', 'leases{state="draining"} 0',
      'round_changes_total{kind="expire"} 1', "breaker_tripped_total 1", "held_changes 4", "leader 1", "ready 1", "groups 1", "group_troubles 1", "connections 3", "failed_handshakes_total 2",
      `identity_expiration_timestamp_seconds ${now / 1000}`,
    ]) assert.ok(seen.includes(line), `${line} in ${seen.join("\n")}`);
    assert.deepEqual(await lines(), seen, "reading them changes nothing");
    fleet.note([{ kind: "workload", key: object().key, stored: undefined }]);
    assert.ok(!(await lines()).some((line) => line.startsWith('workloads{namespace="shop",group="orders",ready="true"}')));
  });
});
