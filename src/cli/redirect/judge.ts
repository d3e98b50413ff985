import type { RedirectState } from "../../model/traffic.ts";
import type { HarnessAnswer } from "./ask-redirect.ts";
import type { RedirectReport } from "./report.ts";

/** What was seen of the redirect; `unknown` says why it could not be seen. */
export type SeenState = RedirectState | { readonly state: "unknown"; readonly detail: string };

/** What a redirect command found and what it was asked for. */
export interface RedirectFacts {
  readonly asked: "on" | "off" | "status";
  readonly setting: "on" | "off";
  readonly harness: HarnessAnswer;
  readonly seen: SeenState;
}

const startRemedy = "Start the harness: linkerd-mesh service start; or linkerd-mesh run, in this window.";

/** The report, and whether the answer is yes. */
export function judgeRedirect(facts: RedirectFacts): { readonly report: RedirectReport; readonly good: boolean } {
  const { harness, seen } = facts;
  const desired = facts.asked === "status" ? wantOf(harness) ?? facts.setting : facts.asked;
  const verdict = judgeForeign(seen) ?? judgeHarness(facts, desired) ?? judgeSeen(seen, desired);
  const { good, ...said } = verdict;
  const report: RedirectReport = {
    state: stateOf(seen), desired,
    harness: { address: harness.address, state: harness.state, ...(harness.state === "strange" ? { detail: harness.detail } : {}) },
    drift: seen.state === "present" ? [...seen.drift] : [],
    ...(seen.state === "present" && seen.owner !== undefined ? { ownerPid: seen.owner } : {}),
    ...said,
  };
  return { report, good };
}

interface Verdict {
  readonly good: boolean;
  readonly summary: string;
  readonly next?: string;
}

function judgeForeign(seen: SeenState): Verdict | undefined {
  if (seen.state !== "foreign") return undefined;
  return {
    good: false, summary: `Rules that are not ours steer traffic: ${seen.detail}`,
    next: "Remove them if nobody needs them: nft delete table inet linkerd_mesh, or the iptables chains named PROXY_INIT_*.",
  };
}

function judgeHarness({ harness, seen }: RedirectFacts, desired: "on" | "off"): Verdict | undefined {
  if (harness.state === "answering") return undefined;
  const strange = harness.state === "strange" ? `${harness.address} does not answer as a harness: ${harness.detail}` : undefined;
  if (seen.state === "present") {
    const holder = seen.owner === undefined ? "another process" : `process ${seen.owner}`;
    return {
      good: false, summary: `${strange ?? `No harness answers at ${harness.address}`}, yet ${holder} holds rules`,
      next: seen.owner === undefined ? "Find the harness that runs with another admin port." : `End that process (kill ${seen.owner}); the rules go with it.`,
    };
  }
  const summary = strange ?? "No harness runs, and without one nothing is redirected";
  if (strange !== undefined) return { good: false, summary, next: "Set HARNESS_ADMIN_PORT where the harness listens; ss -ltnp shows who holds that port." };
  return desired === "off" ? { good: true, summary } : { good: false, summary, next: startRemedy };
}

function judgeSeen(seen: SeenState, desired: "on" | "off"): Verdict {
  if (seen.state === "unknown") {
    return { good: true, summary: `The harness keeps the redirect ${desired}; the rules cannot be read: ${seen.detail}`, next: "Run the command as root to see the rules." };
  }
  if (seen.state !== "present") {
    const waits = { good: false, summary: "The redirect is wanted, and nothing is redirected yet", next: "linkerd-mesh status says what the harness waits for." };
    return desired === "on" ? waits : { good: true, summary: "Nothing is redirected, as wanted" };
  }
  if (desired === "off") {
    return { good: false, summary: "The redirect is still in force", next: "Look again in a second; linkerd-mesh logs says what the harness does." };
  }
  if (seen.drift.length > 0) {
    return { good: false, summary: "The rules in force differ from what the settings mean", next: "Restart the harness if the settings were changed since it started." };
  }
  return seen.mode === "redirect"
    ? { good: true, summary: "Traffic goes through the proxy" }
    : { good: false, summary: "Traffic that belongs to the mesh is refused until the proxy is back", next: "linkerd-mesh status says why the proxy is not ready." };
}

function stateOf(seen: SeenState): RedirectReport["state"] {
  if (seen.state === "present") return seen.mode === "redirect" ? "on" : "refusing";
  return seen.state === "absent" ? "off" : seen.state;
}

function wantOf(harness: HarnessAnswer): "on" | "off" | undefined {
  return harness.state === "answering" ? harness.want : undefined;
}
