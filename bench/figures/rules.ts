import type { RedirectPlan } from "../../src/model/traffic.ts";
import { renderTable, renderTransaction } from "../../src/platform/linux/nft-render.ts";
import { enterOwnNetwork, missingForOwnNetwork } from "../../test/support/own-network.ts";
import { plan } from "../../test/platform/linux/redirect/lab.ts";
import { takeTurns, time, type Figure, type Row } from "../figure.ts";
import { hostOf, sources } from "../stage/programs.ts";

const runs = 10;
const count = 1000;

const empty: RedirectPlan = { ...plan, outboundNetworksToIgnore: [] };
// Every other /24, so that no two become one.
const full: RedirectPlan = { ...plan, outboundNetworksToIgnore: Array.from({ length: count }, (_, index) => ({ family: 4, address: `100.${64 + Math.floor(index / 128)}.${(index % 128) * 2}.0`, prefix: 24 })) };

/** What a long list of ignored networks costs when the table is made, against an empty one. */
export const ruleFigure: Figure = {
  id: "rules",
  obstacle: missingForOwnNetwork,
  async measure({ signal }) {
    const render = await takeTurns(runs, { empty: () => time(() => renderOnce(empty)), full: () => time(() => renderOnce(full)) });
    using _network = enterOwnNetwork();
    const { redirector } = hostOf(sources);
    const enable = (wanted: RedirectPlan) => async (): Promise<number> => {
      await using _active = await noteTime(() => redirector.enable(wanted, signal));
      return _active.took;
    };
    const enabled = await takeTurns(runs, { empty: enable(empty), full: enable(full) });
    await using active = await redirector.enable(empty, signal);
    const replaced = await takeTurns(runs, { empty: () => time(() => active.replace(empty, signal)), full: () => time(() => active.replace(full, signal)) });
    return [row("render the table", render), row("switch the redirect on", enabled), row("replace the rules in force", replaced)];
  },
};

function row(title: string, { empty: none, full: many }: { readonly empty: readonly number[]; readonly full: readonly number[] }): Row {
  return { id: "rules", unit: "ms", measured: { title: `${title}, ${count} ignored networks`, values: many }, baseline: { title: `${title}, none`, values: none } };
}

function renderOnce(wanted: RedirectPlan): void {
  if (renderTransaction(renderTable(wanted)).length === 0) throw new Error("nothing was rendered");
}

async function noteTime<T extends AsyncDisposable>(acquire: () => Promise<T>): Promise<AsyncDisposable & { readonly took: number }> {
  const start = performance.now();
  const resource = await acquire();
  return { took: performance.now() - start, [Symbol.asyncDispose]: () => resource[Symbol.asyncDispose]() };
}
