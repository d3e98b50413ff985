import assert from "node:assert/strict";
import { initialState, type State } from "../../src/harness/machine.ts";
import { noObservations, type Observations } from "../../src/harness/observations.ts";
import { renderStatus, type StatusFacts } from "../../src/harness/render-status.ts";
import type { Problem } from "../../src/harness/problem.ts";
import { parseStatus } from "../../src/harness/status-schema.ts";
import type { Status } from "../../src/harness/status.ts";
import { noStanding } from "../../src/registration/registration.ts";

const now = new Date("2026-01-01T00:00:00Z");
const registered = { name: "vm", namespace: "apps", identity: "spiffe://mesh.test/vm", serverName: "vm.apps.mesh.test" };
const identity = { svid: { id: registered.identity, expiresAt: new Date(now.getTime() + 60_000) } } as unknown as Observations["identity"];
const served: Partial<Observations> = {
  phase: "serving", identity, standing: { ...noStanding, membership: { workload: registered, values: {}, probe: undefined } }, controlPlane: { reachable: true, away: [] },
  proxy: { pid: 7, version: "2.366.0", ready: true, why: "", problem: undefined, starts: 1 },
};

function render(state: Partial<State>, seen: Partial<Observations>, more: Partial<StatusFacts> = {}): Status {
  return renderStatus({
    state: { ...initialState, ...state }, seen: { ...noObservations(now), ...seen }, outbound: true, now, version: "0.0.0", instance: { id: "i", machine: "m", epoch: 1 },
    steering: { inForce: "redirect", wanted: "redirect", problem: undefined, drift: [] }, ...more,
  });
}

const offSteering = { inForce: "off", wanted: "off", problem: undefined, drift: [] } as const;

const trustProblem: Problem = { code: "CHAIN_INVALID", doing: "checking", what: "no anchor signed it", remedy: "add one" };

describe("the status", () => {
  it("tells a refused renewal, while the proxy goes on with the certificate before it", () => {
    const { ready, identity: told } = render({ phase: "serving" }, { ...served, trustProblem });
    assert.deepEqual([ready, told.good, told.problem], [true, true, trustProblem]);
  });

  it("of a machine in the mesh is ready and fits the schema", () => {
    const status = render({ phase: "serving" }, served);
    assert.deepEqual([status.ready, status.reason], [true, undefined]);
    assert.deepEqual(parseStatus(status), status);
  });

  for (const [what, rendered, reason] of [
    ["before anything", render({}, {}, { steering: offSteering }), "identity: SPIRE has not answered yet"],
    ["an SVID that has ended", render({ phase: "serving" }, served, { now: new Date(now.getTime() + 60_000) }), "identity: the SVID of spiffe://mesh.test/vm ended at 2026-01-01T00:01:00.000Z"],
    ["not registered", render({ phase: "registering" }, { ...served, standing: noStanding }), "registration: it has to wait for the identity"],
    ["an identity that the proxy would refuse", render({ phase: "waitProxyReady" }, { ...served, proxy: noObservations(now).proxy, trustProblem }), "identity: no anchor signed it"],
    ["a proxy that is not ready", render({ phase: "waitProxyReady" }, { ...served, proxy: { ...noObservations(now).proxy, why: "it has no certificate yet" } }), "proxy: it has no certificate yet"],
    ["switched off", render({ phase: "serving", operator: "off" }, served, { steering: offSteering }), "redirect: switched off by the operator; `linkerd-mesh redirect on` takes that back"],
    ["refusing", render({ phase: "backoff" }, served, { steering: { ...offSteering, inForce: "refuse", wanted: "refuse" } }), "redirect: captured traffic is refused until the proxy is ready"],
    ["withheld", render({ phase: "withheld" }, { ...served, controlPlane: { reachable: false, away: ["policy at a:1 (refused)"] } }, { steering: offSteering }), "redirect: policy at a:1 (refused) cannot be reached"],
    ["the application away", render({ phase: "serving" }, { ...served, application: { ready: false, why: "no answer within 1 s", against: 0 } }), "application: no answer within 1 s"],
  ] as const) {
    it(`says why it is not ready: ${what}`, () => {
      assert.deepEqual([rendered.ready, rendered.reason], [false, reason]);
      assert.deepEqual(parseStatus(rendered), rendered);
    });
  }

  it("tells what somebody has to do before the application can be probed", () => {
    const problem: Problem = { code: "PROBE_EXEC_FORBIDDEN", doing: "probing", what: "not allowed", remedy: "allow it" };
    const { ready, application } = render({ phase: "serving" }, { ...served, application: { ready: false, why: "not allowed", against: 0, problem } });
    assert.deepEqual([ready, application.problem], [false, problem]);
  });

  it("tells a control plane that is away within the patience, and stays ready", () => {
    const status = render({ phase: "serving" }, { ...served, controlPlane: { reachable: true, away: ["policy at a:1 (refused)"] } });
    assert.deepEqual([status.ready, status.controlPlane.good, status.controlPlane.problem?.code], [true, false, "CONTROL_PLANE_AWAY"]);
  });

  it("says of a machine that only receives that it does", () => {
    const { redirect } = render({ phase: "serving" }, served, { outbound: false });
    assert.deepEqual([redirect.good, redirect.detail], [true, "inbound only: OUTBOUND_REDIRECT is off"]);
  });
});
