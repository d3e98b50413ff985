import type { Log } from "../platform/host.ts";
import type { Leadership } from "./leadership.ts";
import { renderChange } from "./reconcile.ts";
import { watchRounds, type Round, type RoundsDeps } from "./rounds.ts";
import type { Vitals } from "./vitals.ts";

/** What the rounds of a leader work with; `good` is called after each. */
export interface LeadDeps extends RoundsDeps {
  readonly leadership: Leadership;
  readonly vitals: Vitals;
  readonly log: Log;
  readonly good: () => void;
}

/** Does the rounds while this server leads, until the signal. Throws STORE_FAILED. */
export async function leadRounds(deps: LeadDeps, signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  let stint: Stint | undefined;
  for await (const leads of deps.leadership.watch(AbortSignal.any([signal, failed.signal]))) {
    if (leads === (stint !== undefined)) continue;
    deps.vitals.leads = leads;
    deps.log.write("info", leads ? "this server leads: it looks after the machines" : "this server no longer leads");
    if (leads) stint = begin(deps, { signal, failed });
    else {
      await stint?.[Symbol.asyncDispose]();
      stint = undefined;
    }
  }
  deps.vitals.leads = false;
  await stint?.[Symbol.asyncDispose]();
  if (failed.signal.aborted) throw failed.signal.reason;
}

type Stint = AsyncDisposable;

function begin(deps: LeadDeps, { signal, failed }: { readonly signal: AbortSignal; readonly failed: AbortController }): Stint {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const done = doRounds(deps, until).catch((error: unknown) => {
    // Who failed gives the office up, so that another server may try.
    if (!until.aborted) failed.abort(error);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await done;
    },
  };
}

async function doRounds({ vitals, log, good, ...deps }: LeadDeps, signal: AbortSignal): Promise<void> {
  for await (const round of watchRounds(deps, signal)) {
    good();
    vitals.round(round);
    tell(round, log);
  }
}

// An edit of a large group changes thousands of workloads in one round.
const mostTold = 50;

function tell({ done, tripped }: Round, log: Log): void {
  if (done.length > mostTold) log.write("info", `${done.length} changes in one round; the first ${mostTold} are told`);
  for (const change of done.slice(0, mostTold)) log.write(change.kind === "expire" || change.kind === "delete" ? "warn" : "info", renderChange(change));
  for (const { scope, silent, of } of tripped) log.write("error", "too many machines are silent at once: nobody expires for five minutes", { scope, silent, of });
}
