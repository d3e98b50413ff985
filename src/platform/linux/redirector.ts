import { MeshError } from "../../model/errors.ts";
import type { ActiveRedirect, RedirectPlan, Redirector, RedirectState } from "../../model/traffic.ts";
import { judgeDrift, judgeMode } from "./nft-drift.ts";
import { startHolder, type NftHolder } from "./nft-holder.ts";
import type { Listing } from "./nft-listing.ts";
import { checkCommands, findNft, findRival, installRemedy, readTable, type RedirectTools } from "./nft-program.ts";
import { renderTable, renderTransaction, type Holder } from "./nft-render.ts";
import { tableName } from "./nft-table.ts";

/** Redirects with one nftables table, held by a child process of ours. */
export function nftRedirector(tools: RedirectTools): Redirector {
  return {
    kind: "nftables",
    obstacle: () => findObstacle(tools),
    observe: (expected, signal) => observe(tools, expected, signal),
    enable: (plan, signal) => enable(tools, plan, signal),
  };
}

async function findObstacle(tools: RedirectTools): Promise<{ readonly what: string; readonly remedy: string } | undefined> {
  if ((await findNft(tools.files)) === undefined) {
    return { what: "nft is not installed", remedy: installRemedy };
  }
  const account = await tools.account();
  if (!account.mayRedirect) {
    return {
      what: `${account.name} may not change this machine's network rules (CAP_NET_ADMIN)`,
      remedy: "Run the harness as its service, which has that right, or as root.",
    };
  }
  // No signal of its own: every nft is bounded.
  const complaint = await checkCommands(tools, `add table inet ${tableName}_check { flags owner; }\n`, new AbortController().signal);
  if (complaint === undefined) return undefined;
  return { what: `the kernel takes no table with an owner: ${complaint}`, remedy: "Use Linux 5.12 or newer with nf_tables, and nft 1.0 or newer." };
}

async function observe(tools: RedirectTools, expected: RedirectPlan | undefined, signal: AbortSignal): Promise<RedirectState> {
  const found = await readTable(tools, signal);
  if (found !== undefined) return judge(expected, found);
  const rival = await findRival(tools, signal);
  return rival === undefined ? { state: "absent" } : { state: "foreign", detail: rival };
}

function judge(expected: RedirectPlan | undefined, found: Listing): RedirectState {
  if (found.about === undefined) {
    return { state: "foreign", detail: `table inet ${tableName} exists and was not written by this program` };
  }
  return {
    state: "present", mode: judgeMode(found), owner: found.about.holder?.process,
    drift: expected === undefined ? [] : judgeDrift(expected, found),
  };
}

async function enable(tools: RedirectTools, plan: RedirectPlan, signal: AbortSignal): Promise<ActiveRedirect> {
  refuseForeign(await observe(tools, undefined, signal));
  await using stack = new AsyncDisposableStack();
  const holder = stack.use(await startHolder(tools));
  const load = loader(tools, holder);
  await load(plan, signal);
  stack.move();
  return activeRedirect(holder, load, plan);
}

function refuseForeign(state: RedirectState): void {
  if (state.state === "absent") return;
  const detail = state.state === "foreign" ? state.detail : `table inet ${tableName} is there already${heldBy(state.owner)}`;
  throw new MeshError("REDIRECT_FOREIGN", { doing: "switching the redirect on", what: detail, target: tableName });
}

function heldBy(owner: number | undefined): string {
  return owner === undefined ? "" : `, held by process ${owner}`;
}

function activeRedirect(holder: NftHolder, load: Load, first: RedirectPlan): ActiveRedirect {
  let plan = first;
  let released = false;
  const { promise: lost, resolve } = Promise.withResolvers<string>();
  void holder.exited.then((exit) => {
    if (!released) resolve(`the nft process that held the table ended with ${exit.signal ?? `exit code ${exit.code}`}`);
  });
  return {
    lost,
    get plan() { return plan; },
    async replace(next, signal) {
      await load(next, signal);
      plan = next;
    },
    async [Symbol.asyncDispose]() {
      released = true;
      await holder[Symbol.asyncDispose]();
    },
  };
}

/** Writes a plan into the table of a holder. */
type Load = (plan: RedirectPlan, signal: AbortSignal) => Promise<void>;

// Success is what the kernel then holds: a transaction is whole or not at all, so that its revision stands for all of it.
// nft's text only explains a failure. How another nft prints our rules decides nothing here.
function loader(tools: RedirectTools, holder: NftHolder): Load {
  let revision = 0;
  return async (plan, signal) => {
    revision += 1;
    const ours: Holder = { process: holder.pid, revision };
    const complaint = await holder.tell(renderTransaction(renderTable(plan, ours)), signal);
    const found = await readTable(tools, signal);
    if (found === undefined) throw loadFailed(complaint || "the table is not there");
    const { process, revision: written } = found.about?.holder ?? {};
    if (process !== ours.process) refuseForeign(judge(undefined, found));
    if (written !== ours.revision) throw loadFailed(complaint || "the rules before are still in force, and nft gave no reason");
  };
}

function loadFailed(complaint: string): MeshError {
  return new MeshError("REDIRECT_FAILED", {
    doing: "loading the nftables table", what: complaint, target: tableName,
  });
}
