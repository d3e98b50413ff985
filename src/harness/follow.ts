import type { GroupProbe } from "../model/external-group.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Host } from "../platform/host.ts";
import { noStanding, type Membership, type Registration, type Standing } from "../registration/registration.ts";
import { identityOptionsOf, watchIdentity, type Identity } from "../spiffe/identity-watch.ts";
import { watchApplication } from "./application-probe.ts";
import { listAway, watchControlPlane, type ControlPlaneWatch } from "./control-plane.ts";
import type { Event } from "./machine.ts";
import type { Observations } from "./observations.ts";
import { describeProblem, writeProblem, type Problem } from "./problem.ts";
import { controlPlaneOf, tlsIdentityOf } from "./proxy-settings.ts";
import type { Timings } from "./timings.ts";
import { findTrustProblem } from "./trust.ts";

/** What the followers share: each turns news from outside into what the status shows and what the machine decides on. */
export interface Following {
  readonly host: Host;
  /** Those of the moment: the group may say some of them. */
  readonly settings: () => Settings;
  readonly timings: Timings;
  readonly seen: Observations;
  readonly post: (event: Event) => void;
  /** Something that the machine does not decide by has changed, and the health of this machine with it perhaps. */
  readonly changed: () => void;
}

/** What a registration is followed with. */
export interface Registering {
  readonly registration: Registration;
  readonly identity: string;
  readonly joined: (membership: Membership) => void;
}

/** Follows the identity that SPIRE gives, until the signal is aborted. */
export async function followIdentity({ host, settings, seen, post }: Following, signal: AbortSignal): Promise<void> {
  for await (const news of watchIdentity(host, identityOptionsOf(settings()), signal)) {
    if (news.kind === "trouble") {
      const problem = describeProblem(news.error);
      tellProblem(host, problem, seen.identityProblem);
      seen.identityProblem = problem;
      continue;
    }
    const { svid, anchors } = news.identity;
    Object.assign(seen, { identity: news.identity, identityProblem: undefined, trustProblem: undefined });
    host.log.write("info", "identity received", { id: svid.id, expires: svid.expiresAt.toISOString() });
    post({ kind: "identity", identity: { id: svid.id, anchors: anchors.fingerprint } });
    await judgeTrust({ host, seen }, news.identity);
  }
}

/** Told and not acted upon: the proxy judges for itself, and an identity that it takes must not be held back by us. */
async function judgeTrust({ host, seen }: Pick<Following, "host" | "seen">, identity: Identity): Promise<void> {
  const error = await findTrustProblem(identity, host.clock.now());
  if (error === undefined) return;
  seen.trustProblem = describeProblem(error);
  tellProblem(host, seen.trustProblem, undefined);
}

/** Looks once at Linkerd's services, out of turn: true when all of them answer. */
export async function askControlPlane(following: Following, signal: AbortSignal): Promise<boolean> {
  return (await listAway(controlPlaneWatch(following), signal)).length === 0;
}

/** Follows whether Linkerd's destination and policy services answer. */
export async function followControlPlane(following: Following, signal: AbortSignal): Promise<void> {
  const { host, seen, post } = following;
  for await (const report of watchControlPlane(host, controlPlaneWatch(following), signal)) {
    seen.controlPlane = report;
    if (report.away.length === 0) host.log.write("info", "the control plane answers");
    else host.log.write("warn", `the control plane is away: ${report.away.join(", ")}`, { withheld: !report.reachable });
    post({ kind: "controlPlane", reachable: report.reachable });
  }
}

/** Follows what the application answers to its probe. */
export async function followApplication({ host, settings, seen, changed }: Following, probe: GroupProbe, signal: AbortSignal): Promise<void> {
  for await (const verdict of watchApplication(host, { probe, allowExec: settings().allowExecProbes }, signal)) {
    // Another probe may have been begun since this one answered.
    if (signal.aborted) return;
    if (verdict.problem !== undefined) tellProblem(host, verdict.problem, seen.application?.problem);
    seen.application = verdict;
    changed();
  }
}

/** Follows how this machine stands with whoever registers it, under one identity; `joined` is told each time what it is. */
export async function followRegistration({ host, seen, post, changed }: Following, { registration, identity, joined }: Registering, signal: AbortSignal): Promise<void> {
  seen.standing = noStanding;
  for await (const standing of registration.watch(identity, signal)) {
    const before = seen.standing;
    seen.standing = standing;
    tellStanding(host, standing, before);
    if (standing.membership === undefined) post({ kind: "registrationFailed" });
    else if (standing.membership !== before.membership) joined(standing.membership);
    changed();
  }
}

function tellStanding(host: Host, { problem, membership, refused }: Standing, before: Standing): void {
  if (problem !== undefined) return tellProblem(host, describeProblem(problem), before.problem && describeProblem(before.problem));
  if (membership === undefined || (before.problem === undefined && before.membership !== undefined)) return;
  const { namespace, name, identity } = membership.workload;
  host.log.write("info", `registered as ${namespace}/${name}`, { identity, ...(before.problem !== undefined && { after: before.problem.code }), ...(refused && { refused }) });
}

function controlPlaneWatch({ settings, timings, seen }: Following): ControlPlaneWatch {
  return { services: () => controlPlaneOf(settings()), timings, identity: () => tlsIdentityOf(seen.identity) };
}

function tellProblem({ log }: Host, problem: Problem, before: Problem | undefined): void {
  if (problem.what !== before?.what) writeProblem(log, "warn", problem);
}
