import { isMeshError, type MeshError } from "../../model/errors.ts";
import type { MachineFacts, Presence } from "./facts.ts";
import type { Overview } from "./overview.ts";

type Part = Overview["parts"][number];
type Verdict = Pick<Overview, "state" | "summary" | "next">;

/** What the facts mean: one state, and the one thing to do next. */
export function judgeOverview(facts: MachineFacts): Overview {
  const { version, os, account } = facts;
  return { ...judgeState(facts), version, os, account: account.name, parts: listParts(facts) };
}

function judgeState(facts: MachineFacts): Verdict {
  return judgeHarness(facts) ?? judgeSettings(facts) ?? judgeNeeds(facts) ?? {
    state: "stopped",
    summary: "Everything is in place, but the harness does not run: this machine is not in the mesh",
    next: { command: "linkerd-mesh run", why: "starts the harness in this terminal and joins the mesh until Ctrl+C" },
  };
}

function judgeHarness({ harness }: MachineFacts): Verdict | undefined {
  if (harness.state === "absent") return undefined;
  if (harness.state === "strange") {
    return {
      state: "port-taken",
      summary: `Something answers at ${harness.address} that is no healthy harness: ${harness.detail}`,
      next: { command: `ss -ltnp 'sport = :${harness.address.slice(harness.address.lastIndexOf(":") + 1)}'`, why: "shows which process holds the harness's port" },
    };
  }
  if (harness.ready) {
    return { state: "serving", summary: "This machine is in the mesh", next: { command: "linkerd-mesh status", why: "shows identity, proxy, redirect and registration in detail" } };
  }
  return {
    state: "joining",
    summary: `The harness runs but is not ready; it is in state ${harness.phase}`,
    next: { command: "linkerd-mesh status", why: "says which part is missing, and its remedy" },
  };
}

function judgeSettings({ config }: MachineFacts): Verdict | undefined {
  const [first] = config.problems;
  if (first === undefined) return undefined;
  if (config.problems.every((problem) => isMeshError(problem, "SETTING_REQUIRED"))) return unconfigured(first, config.problems);
  const count = config.problems.length;
  return {
    state: "misconfigured",
    summary: `The settings cannot be used: ${first.what}${count === 1 ? "" : `, and ${count - 1} more`}`,
    next: { command: "linkerd-mesh config validate", why: "lists every problem of the settings with its remedy" },
  };
}

function unconfigured(first: MeshError, problems: readonly MeshError[]): Verdict {
  const names = problems.map(({ target, what }) => target ?? what);
  return {
    state: "unconfigured",
    summary: `This machine is not set up for a mesh: ${names.join(", ")} ${names.length === 1 ? "has" : "have"} no value`,
    next: { command: `linkerd-mesh config set ${first.target ?? "SETTING"} VALUE`, why: "sets the first of them; run linkerd-mesh again for the next, or `linkerd-mesh simulate demo` to see a mesh without any setting" },
  };
}

function judgeNeeds(facts: MachineFacts): Verdict | undefined {
  const { proxy, spire, account, wantsRedirect, os } = facts;
  if (proxy.state === "absent" || proxy.state === "unusable") {
    return {
      state: "no-proxy",
      summary: proxy.state === "absent" ? `The proxy is missing: there is no ${proxy.path}` : `The proxy cannot be started: ${proxy.path} is no program`,
      next: { command: "linkerd-mesh config set proxyPath PATH", why: `names another place; or put linkerd2-proxy at ${proxy.path} (docs/proxy.md says where to get it)` },
    };
  }
  if (spire.state === "absent") {
    return {
      state: "no-identity",
      summary: `SPIRE's agent offers no Workload API at ${spire.path}`,
      next: { command: os === "linux" ? `systemctl status ${spire.service}` : `sc.exe query ${spire.service}`, why: "says whether SPIRE's agent runs on this machine" },
    };
  }
  if (account.mayRedirect || !wantsRedirect) return undefined;
  return {
    state: "no-rights",
    summary: `${account.name} may not redirect this machine's traffic`,
    next: { command: os === "linux" ? "sudo linkerd-mesh run" : "linkerd-mesh run", why: os === "linux" ? "starts the harness with the right to redirect (CAP_NET_ADMIN)" : "starts the harness; in a terminal that was opened as administrator" },
  };
}

function listParts(facts: MachineFacts): readonly Part[] {
  const { harness, config, spire, proxy } = facts;
  const settings = config.present ? config.path ?? "" : `${config.path ?? ""} does not exist`;
  return [
    { part: "harness", good: harness.state === "answering" && harness.ready, detail: describeHarness(facts) },
    { part: "settings", good: config.problems.length === 0, detail: config.problems.length === 0 ? settings : `${settings}; ${count(config.problems.length)}` },
    { part: "identity", good: isUsable(spire), detail: describePresence(spire) },
    { part: "proxy", good: isUsable(proxy), detail: describePresence(proxy) },
    { part: "rights", good: facts.account.mayRedirect || !facts.wantsRedirect, detail: describeRights(facts) },
  ];
}

function isUsable({ state }: Presence): boolean {
  return state === "present" || state === "unseen";
}

function describeHarness({ harness }: MachineFacts): string {
  if (harness.state === "absent") return `nothing answers at ${harness.address}`;
  return harness.state === "strange" ? `${harness.address}: ${harness.detail}` : `${harness.phase} at ${harness.address}`;
}

function describePresence({ path, state }: Presence): string {
  const words = { present: "", absent: " does not exist", unusable: " is not what it should be", unseen: " (cannot be seen from here)" };
  return `${path}${words[state]}`;
}

function describeRights({ account, wantsRedirect }: MachineFacts): string {
  if (!wantsRedirect) return `${account.name}; nothing is redirected (outboundRedirect off)`;
  return `${account.name} ${account.mayRedirect ? "may" : "may not"} redirect traffic`;
}

function count(problems: number): string {
  return problems === 1 ? "1 problem" : `${problems} problems`;
}
