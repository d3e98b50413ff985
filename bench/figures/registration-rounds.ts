import type { Figure, GrowthLine } from "../figure.ts";
import { measureRounds, type RoundTimes } from "../stage/reconcile-process.ts";
import { summarise } from "../statistics.ts";

const sizes = [5000, 10_000, 20_000, 35_000, 50_000] as const;
const most = 50_000;

/** What the leader's look at the whole fleet costs, with nothing to do and after an edit that every machine must get. */
export const roundsFigure: Figure = {
  id: "rounds",
  obstacle: () => undefined,
  async measure() {
    const all = new Map<number, RoundTimes>();
    for (const size of sizes) all.set(size, await measureRounds(size));
    const largest = all.get(most);
    if (largest === undefined) throw new Error("the largest fleet is missing");
    const line = (title: string, values: (times: RoundTimes) => readonly number[]): GrowthLine => ({ title, points: [...all].map(([size, times]) => [size, summarise(values(times)).median]) });
    const machines = `${most.toLocaleString("en")} machines`;
    return [
      { id: "rounds", unit: "ms", measured: { title: `round after one group edit, ${machines}`, values: largest.edited }, baseline: { title: "round with nothing to do", values: largest.idle }, goal: 1000 },
      { id: "rounds", unit: "ms", measured: { title: `longest stall in it, ${machines}`, values: largest.stalls }, baseline: { title: "longest stall with nothing to do", values: largest.idleStalls } },
      { id: "state", unit: "kB", measured: { title: `heap of a machine, store and fleet, ${machines}`, values: [largest.heap / most / 1000] }, baseline: { title: "the same, 5,000 machines", values: [(all.get(sizes[0])?.heap ?? NaN) / sizes[0] / 1000] }, goal: 4 },
      { id: "rounds", growth: { title: "a round of the leader", unit: "ms", lines: [line("after a group edit", ({ edited }) => edited), line("nothing to do", ({ idle }) => idle), line("longest stall", ({ stalls }) => stalls)] } },
    ];
  },
};
