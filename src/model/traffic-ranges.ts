import { ipWidth, parseIp, renderIp } from "./settings/ip.ts";
import type { Network, PortRange } from "./settings/values.ts";

/** Numbers `from`..`to`, both included. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

/** Disjoint ranges in order that cover the same numbers; ranges that touch become one. */
export function mergeRanges(ranges: readonly Range[]): readonly Range[] {
  const sorted = [...ranges].sort((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0));
  const merged: Range[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1n) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}

/** What is in `ranges` and not in `others`. */
export function subtractRanges(ranges: readonly Range[], others: readonly Range[]): readonly Range[] {
  const holes = mergeRanges(others);
  let next = 0;
  return mergeRanges(ranges).flatMap((range) => {
    const left: Range[] = [];
    let from = range.from;
    while (isBefore(holes[next], from)) next += 1;
    // A hole may reach into the ranges that follow, so that it is looked at again there.
    for (let at = next; from <= range.to; at += 1) {
      const hole = holes[at];
      if (hole === undefined || hole.from > range.to) return [...left, { from, to: range.to }];
      if (hole.from > from) left.push({ from, to: hole.from - 1n });
      from = hole.to + 1n;
    }
    return left;
  });
}

function isBefore(hole: Range | undefined, number: bigint): boolean {
  return hole !== undefined && hole.to < number;
}

/** The ports as a range of numbers. */
export function portNumbers(ports: PortRange): Range {
  return { from: BigInt(ports.from), to: BigInt(ports.to) };
}

/** The addresses of a network as a range of numbers; undefined when its address is not one. */
export function networkNumbers(network: Network): Range | undefined {
  const ip = parseIp(network.address);
  if (ip === undefined || ip.family !== network.family) return undefined;
  const host = (1n << BigInt(ipWidth(network.family) - network.prefix)) - 1n;
  const from = ip.bits & ~host;
  return { from, to: from + host };
}

/** The range as text: one number, a network where it is one, else both ends. */
export function renderRange(range: Range, kind: "port" | 4 | 6): string {
  if (kind === "port") return range.from === range.to ? String(range.from) : `${range.from}-${range.to}`;
  const from = renderIp({ family: kind, bits: range.from });
  if (range.from === range.to) return from;
  const size = range.to - range.from + 1n;
  const power = size.toString(2).length - 1;
  const isNetwork = size === 1n << BigInt(power) && range.from % size === 0n;
  return isNetwork ? `${from}/${ipWidth(kind) - power}` : `${from}-${renderIp({ family: kind, bits: range.to })}`;
}
