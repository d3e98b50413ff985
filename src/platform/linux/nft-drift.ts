import { renderRange, subtractRanges } from "../../model/traffic-ranges.ts";
import type { RedirectPlan } from "../../model/traffic.ts";
import type { Listing } from "./nft-listing.ts";
import { layout, rangeKind } from "./nft-render.ts";
import { planTable, type NftChain, type NftSet, type NftTable } from "./nft-table.ts";

/** What the table does with captured connections, judged by its rules and not by what it says of itself. */
export function judgeMode(found: Listing): RedirectPlan["mode"] {
  const text = found.rules.map((rule) => rule.text);
  if (text.some((rule) => rule.includes(" redirect to "))) return "redirect";
  if (text.some((rule) => rule.includes(" reject with "))) return "refuse";
  // Nothing is captured, so both modes are the same.
  return found.about?.mode ?? "redirect";
}

/** Differences between what a plan means and what the kernel holds, one sentence each; empty when there is none. */
export function judgeDrift(plan: RedirectPlan, found: Listing): readonly string[] {
  const expected = planTable(plan);
  return [
    ...(found.held ? [] : ["no process holds the table: it would outlive the program that made it"]),
    ...(found.about?.layout === layout ? [] : [`the table has layout ${found.about?.layout ?? "unknown"}, this program writes layout ${layout}`]),
    ...modeDrift(plan, found),
    ...chainDrift(expected.chains, found.chains),
    ...setDrift(expected.sets, found.sets),
    ...ruleDrift(expected, found),
  ];
}

function modeDrift(plan: RedirectPlan, found: Listing): readonly string[] {
  const mode = judgeMode(found);
  return mode === plan.mode ? [] : [`the table is in mode ${mode}, expected ${plan.mode}`];
}

function chainDrift(expected: readonly NftChain[], found: readonly NftChain[]): readonly string[] {
  const text = (chain: NftChain): string =>
    chain.hook === undefined ? chain.name : `${chain.name} (${chain.hook.type} at ${chain.hook.at}, priority ${chain.hook.priority})`;
  return difference("chain", expected.map(text), found.map(text));
}

function ruleDrift(expected: NftTable, found: NftTable): readonly string[] {
  const text = (table: NftTable): string[] => table.rules.map((rule) => `in ${rule.chain}: ${rule.text}`);
  const lines = difference("rule", text(expected), text(found));
  const sameOrder = expected.chains.every((chain) => {
    const of = (table: NftTable): string => table.rules.filter((rule) => rule.chain === chain.name).map((rule) => rule.text).join("\n");
    return of(expected) === of(found);
  });
  return lines.length > 0 || sameOrder ? lines : ["the rules are the expected ones in another order"];
}

function setDrift(expected: readonly NftSet[], found: readonly NftSet[]): readonly string[] {
  const stale = found.filter((set) => set.ranges.length > 0 && !expected.some((other) => other.name === set.name));
  return [
    ...expected.flatMap((set) => {
      const other = found.find((one) => one.name === set.name);
      return other === undefined ? [`set ${set.name} is missing`] : elementDrift(set, other);
    }),
    ...stale.map((set) => `set ${set.name} is not expected`),
  ];
}

function elementDrift(expected: NftSet, found: NftSet): readonly string[] {
  const kind = rangeKind(expected.type);
  return [
    ...subtractRanges(expected.ranges, found.ranges).map((range) => `set ${expected.name} lacks ${renderRange(range, kind)}`),
    ...subtractRanges(found.ranges, expected.ranges).map((range) => `set ${expected.name} also holds ${renderRange(range, kind)}`),
  ];
}

function difference(what: string, expected: readonly string[], found: readonly string[]): readonly string[] {
  return [
    ...without(expected, found).map((text) => `${what} missing: ${text}`),
    ...without(found, expected).map((text) => `${what} not expected: ${text}`),
  ];
}

function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return texts.filter((text) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
