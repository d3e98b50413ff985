import { accept, parseList, refuse, type Kind, type Parsed } from "../kind.ts";
import type { PortRange } from "../values.ts";

const maxPort = 65_535;

/** Reads a port number, 1 to 65535. */
export function parsePort(text: string): Parsed<number> {
  if (!/^\d{1,5}$/.test(text)) return refuse("it is not a port number");
  const port = Number(text);
  return port >= 1 && port <= maxPort ? accept(port) : refuse(`ports go from 1 to ${maxPort}`);
}

/** One TCP port. */
export const port: Kind<number> = {
  name: "port",
  form: `a port, 1 to ${maxPort}`,
  parse: (text) => parsePort(text.trim()),
  format: String,
};

/** A set of TCP ports: sorted, merged, so that equal sets are equal texts. */
export const portSet: Kind<readonly PortRange[]> = {
  name: "port set",
  form: "ports and ranges, as 25,587,8000-8010; empty for none",
  parse: (text) => {
    const ranges = parseList(text, parseRange);
    return ranges.ok ? accept(mergeRanges(ranges.value)) : ranges;
  },
  format: (ranges) => ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(","),
};

/** Sorts port ranges and joins those that touch or overlap. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

/** True when the set holds that port. */
export function hasPort(ranges: readonly PortRange[], wanted: number): boolean {
  return ranges.some(({ from, to }) => from <= wanted && wanted <= to);
}

function parseRange(item: string): Parsed<PortRange> {
  const [first = "", last = first, ...rest] = item.split("-").map((end) => end.trim());
  if (rest.length > 0) return refuse(`${JSON.stringify(item)} is neither a port nor a range`);
  const from = parsePort(first);
  const to = parsePort(last);
  if (!from.ok || !to.ok) return refuse(`${JSON.stringify(item)} is neither a port nor a range of ports 1 to ${maxPort}`);
  return from.value <= to.value ? accept({ from: from.value, to: to.value }) : refuse(`the range ${item} runs backwards`);
}
