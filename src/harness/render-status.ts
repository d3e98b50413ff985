import type { Instance } from "./instance-file.ts";
import type { State, Steering } from "./machine.ts";
import type { Observations } from "./observations.ts";
import { describeProblem, type Problem } from "./problem.ts";
import { judgeStatus, type PartStatus, type Status } from "./status.ts";
import type { SteeringReport } from "./steering.ts";

/** What a status is made of. */
export interface StatusFacts {
  readonly state: State;
  readonly seen: Observations;
  readonly steering: SteeringReport;
  readonly instance: Instance;
  readonly version: string;
  /** False where the settings make this a machine that only receives. */
  readonly outbound: boolean;
  readonly now: Date;
}

/** The status of this machine as anybody may read it. */
export function renderStatus(facts: StatusFacts): Status {
  const { seen, state, instance, version } = facts;
  const parts = {
    identity: renderIdentity(facts),
    registration: renderRegistration(facts),
    proxy: renderProxy(facts),
    redirect: renderRedirect(facts),
    application: renderApplication(facts),
  };
  return {
    state: state.phase, since: seen.since.toISOString(), ...judgeStatus(parts), version,
    instance: { id: instance.id, epoch: instance.epoch },
    ...(seen.standing.membership !== undefined && { workload: seen.standing.membership.workload }),
    ...parts,
    controlPlane: renderControlPlane(facts),
  };
}

function renderIdentity({ seen: { identity, identityProblem: problem, trustProblem, proxy }, now }: StatusFacts): Status["identity"] {
  if (identity === undefined) return part(false, problem?.what ?? "SPIRE has not answered yet", problem);
  const { id, expiresAt } = identity.svid;
  const expires = expiresAt.toISOString();
  if (expiresAt <= now) return { ...part(false, `the SVID of ${id} ended at ${expires}`, problem), expires };
  // A proxy that is ready goes on with the certificate it took before.
  if (trustProblem !== undefined) return { ...part(proxy.ready, trustProblem.what, trustProblem), expires };
  return { ...part(true, id, problem), expires };
}

function renderRegistration({ state, seen: { standing, valuesProblem }, now }: StatusFacts): Status["registration"] {
  const { membership, lease, problem: error, refused } = standing;
  const problem = error === undefined ? valuesProblem : describeProblem(error);
  const waiting = state.identity === undefined ? "it has to wait for the identity" : "it is under way";
  if (membership === undefined) return part(false, problem?.what ?? waiting, problem);
  const { namespace, name } = membership.workload;
  const stale = lease !== undefined && lease.until <= now;
  const detail = refused ? (problem?.what ?? "refused") : `${namespace}/${name}${stale ? `, not renewed since ${lease.renewedAt.toISOString()}` : ""}`;
  return { ...part(!refused, detail, problem), ...(lease && { lease: { state: stale ? "stale" : "held", renewed: lease.renewedAt.toISOString(), until: lease.until.toISOString() } }) };
}

function renderProxy({ seen: { proxy } }: StatusFacts): Status["proxy"] {
  const known = { ...(proxy.pid !== undefined && { pid: proxy.pid }), ...(proxy.version !== undefined && { version: proxy.version }) };
  return { ...part(proxy.ready, proxy.ready ? `linkerd2-proxy ${proxy.version ?? "of unknown version"}` : proxy.why, proxy.problem), ...known };
}

function renderRedirect({ state, steering, seen, outbound }: StatusFacts): Status["redirect"] {
  const { wanted, inForce, problem, drift } = steering;
  const good = inForce === "redirect" && state.phase !== "withheld";
  const away = state.phase === "withheld" ? controlPlaneProblem(seen.controlPlane?.away ?? []) : undefined;
  const detail = good ? (outbound ? "in force" : "inbound only: OUTBOUND_REDIRECT is off") : explainSteering(state, inForce, problem ?? away);
  return { ...part(good, detail, problem ?? away), wanted, inForce, operator: state.operator, drift };
}

function explainSteering(state: State, inForce: Steering, problem: Problem | undefined): string {
  if (problem !== undefined) return problem.what;
  if (state.operator === "off") return "switched off by the operator; `linkerd-mesh redirect on` takes that back";
  return inForce === "refuse" ? "captured traffic is refused until the proxy is ready" : "it has to wait until the proxy is ready";
}

function renderApplication({ seen: { application } }: StatusFacts): PartStatus {
  if (application === undefined) return part(true, "not probed");
  return part(application.ready, application.why ?? "it answers", application.problem);
}

function renderControlPlane({ seen: { controlPlane } }: StatusFacts): PartStatus {
  if (controlPlane === undefined) return part(true, "not asked yet");
  if (controlPlane.away.length === 0) return part(true, "destination and policy can be reached");
  const problem = controlPlaneProblem(controlPlane.away);
  return part(false, problem.what, problem);
}

function controlPlaneProblem(away: readonly string[]): Problem {
  return {
    code: "CONTROL_PLANE_AWAY", doing: "looking for Linkerd's control plane", what: `${away.join(" and ")} cannot be reached`,
    remedy: "Check that this machine resolves and reaches DESTINATION_SVC_ADDR and POLICY_SVC_ADDR; traffic goes back to the proxy by itself.",
  };
}

function part(good: boolean, detail: string, problem?: Problem): PartStatus {
  return { good, detail, ...(problem !== undefined && { problem }) };
}
