import type { Settings } from "../model/settings/settings.ts";
import type { Host } from "../platform/host.ts";
import { watchApplication } from "./application-probe.ts";
import { watchControlPlane } from "./control-plane.ts";
import { watchIdentity } from "./identity-watch.ts";
import type { Event } from "./machine.ts";
import type { Observations } from "./observations.ts";
import type { Problem } from "./problem.ts";
import { controlPlaneOf, probedBy, tlsIdentityOf } from "./proxy-settings.ts";
import type { Timings } from "./timings.ts";

/** What the followers share: each turns news from outside into what the status shows and what the machine decides on. */
export interface Following {
  readonly host: Host;
  readonly settings: Settings;
  readonly timings: Timings;
  readonly seen: Observations;
  readonly post: (event: Event) => void;
}

/** Follows the identity that SPIRE gives, until the signal is aborted. */
export async function followIdentity({ host, settings, seen, post }: Following, signal: AbortSignal): Promise<void> {
  const options = { address: settings.spireSocketAddr, wanted: settings.workloadIdentity, trustAnchorsFile: settings.trustAnchorsFile };
  for await (const news of watchIdentity(host, options, signal)) {
    if (news.kind === "problem") {
      tellProblem(host, news.problem, seen.identityProblem);
      seen.identityProblem = news.problem;
      continue;
    }
    const { svid, anchors } = news.identity;
    Object.assign(seen, { identity: news.identity, identityProblem: undefined });
    host.log.write("info", "identity received", { id: svid.id, expires: svid.expiresAt.toISOString() });
    post({ kind: "identity", identity: { id: svid.id, anchors: anchors.fingerprint } });
  }
}

/** Follows whether Linkerd's destination and policy services answer. */
export async function followControlPlane({ host, settings, timings, seen, post }: Following, signal: AbortSignal): Promise<void> {
  const watch = { services: controlPlaneOf(settings), timings, identity: () => tlsIdentityOf(seen.identity) };
  for await (const report of watchControlPlane(host, watch, signal)) {
    seen.controlPlane = report;
    if (report.away.length === 0) host.log.write("info", "the control plane answers");
    else host.log.write("warn", `the control plane is away: ${report.away.join(", ")}`, { withheld: !report.reachable });
    post({ kind: "controlPlane", reachable: report.reachable });
  }
}

/** Follows what the application answers to its probe, where it has one. */
export async function followApplication({ host, settings, timings, seen }: Following, signal: AbortSignal): Promise<void> {
  const probe = probedBy(settings);
  if (probe === undefined) return;
  seen.application = { ready: false, why: "it was not asked yet", against: 0 };
  for await (const verdict of watchApplication(host, { probe, timings }, signal)) seen.application = verdict;
}

function tellProblem({ log }: Host, problem: Problem, before: Problem | undefined): void {
  if (problem.what !== before?.what) log.write("warn", `${problem.doing}: ${problem.what}`, { code: problem.code, remedy: problem.remedy });
}
