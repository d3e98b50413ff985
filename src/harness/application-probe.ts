import type { GroupProbe, ProbeAction } from "../model/external-group.ts";
import { MeshError } from "../model/errors.ts";
import type { Clock, Host } from "../platform/host.ts";
import { openDeadline } from "./deadline.ts";
import { probeExec } from "./probe-exec.ts";
import { probeHttp } from "./probe-http.ts";
import { planNextProbe } from "./probe-pace.ts";
import { initialVerdict, planThreshold, type Verdict } from "./probe-threshold.ts";
import { probeTcp } from "./probe-tcp.ts";
import { describeProblem, renderCause } from "./problem.ts";
import { renderLine } from "./render-line.ts";

/** What watching an application takes. */
export interface ApplicationWatch {
  readonly probe: GroupProbe;
  /** ALLOW_EXEC_PROBES: a group may have programs run on this machine. */
  readonly allowExec: boolean;
}

/**
 * Asks the application whether it is ready, again and again as kubelet does; yields when the verdict or its reason
 * changes. A probe that may not be sent yields one verdict with the problem. Ends when the signal is aborted.
 */
export async function* watchApplication(host: Host, watch: ApplicationWatch, signal: AbortSignal): AsyncGenerator<Verdict, void, void> {
  const { probe } = watch;
  const forbidden = judgePermission(watch);
  if (forbidden !== undefined) return yield forbidden;
  const period = probe.periodSeconds * 1000;
  let verdict = initialVerdict;
  let due = host.clock.monotonic() + probe.initialDelaySeconds * 1000;
  while (await isDue(host.clock, due, signal)) {
    const failure = await askApplication(host, probe, signal);
    if (signal.aborted) return;
    const next = planThreshold(verdict, failure, probe);
    if (next.ready !== verdict.ready || next.why !== verdict.why) yield next;
    verdict = next;
    due = planNextProbe(due, host.clock.monotonic(), period);
  }
}

/** Why the application did not pass once; undefined when it did. */
export async function askApplication(host: Host, probe: GroupProbe, signal: AbortSignal): Promise<string | undefined> {
  using deadline = openDeadline(host.clock, probe.timeoutSeconds * 1000, signal);
  try {
    const failure = await ask(host, probe.action, deadline.signal);
    if (deadline.missed) return renderLate(probe);
    return failure === undefined ? undefined : renderLine(failure);
  } catch (error) {
    if (deadline.missed) return renderLate(probe);
    return renderLine(renderCause(error));
  }
}

async function ask(host: Host, action: ProbeAction, signal: AbortSignal): Promise<string | undefined> {
  switch (action.kind) {
    case "httpGet": return probeHttp(action, signal);
    case "tcpSocket": return probeTcp(action, signal);
    // Few machines need it, and its library is the largest that there is.
    case "grpc": return (await import("./probe-grpc.ts")).probeGrpc(action, signal);
    case "exec": return probeExec(host, action, signal);
  }
}

function judgePermission({ probe, allowExec }: ApplicationWatch): Verdict | undefined {
  if (probe.action.kind !== "exec" || allowExec) return undefined;
  const error = new MeshError("PROBE_EXEC_FORBIDDEN", { doing: "probing the application", what: "the group's probe runs a program, and ALLOW_EXEC_PROBES is false on this machine" });
  return { ready: false, why: error.what, against: 0, problem: describeProblem(error) };
}

async function isDue(clock: Clock, due: number, signal: AbortSignal): Promise<boolean> {
  const wait = due - clock.monotonic();
  if (wait > 0) await clock.sleep(wait, signal).catch(() => undefined);
  return !signal.aborted;
}

function renderLate({ timeoutSeconds }: GroupProbe): string {
  return `no answer within ${timeoutSeconds} s`;
}
