import { mergeRanges, networkNumbers, portNumbers, type Range } from "../../model/traffic-ranges.ts";
import type { TrafficMatch, TrafficRow } from "../../model/traffic-row.ts";
import { trafficRows } from "../../model/traffic-rows.ts";
import type { RedirectPlan } from "../../model/traffic.ts";

/** The one table that is ours, in the family that sees IPv4 and IPv6. */
export const tableName = "linkerd_mesh";

/** What a set's elements are. */
export type NftSetType = "inet_service" | "ipv4_addr" | "ipv6_addr";

/** A named set of ports or addresses, as disjoint ranges in order. */
export interface NftSet {
  readonly name: string;
  readonly type: NftSetType;
  readonly ranges: readonly Range[];
}

/** A chain; with `hook` the kernel enters it by itself. */
export interface NftChain {
  readonly name: string;
  readonly hook?: { readonly type: "nat" | "filter"; readonly at: "output" | "prerouting"; readonly priority: number };
}

/** A rule: its chain, its text as nft reads it, and why it is there. */
export interface NftRule {
  readonly chain: string;
  readonly text: string;
  readonly comment: string;
}

/** A table as data: what a plan means, or what the kernel was found to hold. */
export interface NftTable {
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
  readonly rules: readonly NftRule[];
}

// Our translation decides before anybody else's (dstnat is -100). Whatever its number, the kernel translates at -100, so
// the guard comes after that; by then others may have translated too, and so exemptions look at the connection as it was
// dialled (ct original) and not at the packet.
const translate = -105;
const guard = -99;

// Only a connection's first packet: what ran before the redirect, and is new to connection tracking only, stays as it is.
const opening = "tcp flags & (fin|syn|rst|ack) == syn";

/** A number no process runs as; a range up to it means "has a user", which the kernel's own sockets have not. */
const anyUser = "meta skuid 0-4294967294";

/**
 * The chains are the same for every plan; only rules and the content of sets differ. So a replacement swaps rules inside chains that
 * stay hooked, and no packet passes between an old and a new chain.
 */
export const chains: readonly NftChain[] = [
  { name: "about" },
  { name: "exempt_outbound" },
  { name: "exempt_inbound" },
  { name: "outbound", hook: { type: "nat", at: "output", priority: translate } },
  { name: "inbound", hook: { type: "nat", at: "prerouting", priority: translate } },
  { name: "guard_outbound", hook: { type: "filter", at: "output", priority: guard } },
  { name: "guard_inbound", hook: { type: "filter", at: "prerouting", priority: guard } },
];

/** The table that a plan means. */
export function planTable(plan: RedirectPlan): NftTable {
  const rows = trafficRows(plan);
  const exempt = rows.filter((row) => row.verdict === "exempt");
  return {
    chains,
    sets: allSets(plan),
    rules: [
      tracking,
      ...exempt.flatMap((row) => matches(row).map((text) => rule(`exempt_${row.direction}`, `${text} accept`, row))),
      ...rows.filter((row) => row.verdict === "capture").flatMap((row) => captureRules(row, plan)),
    ],
  };
}

// The kernel tracks connections in a namespace only while some rule there looks at tracking; nothing enters this chain.
const tracking: NftRule = {
  chain: "about", text: "ct state new accept",
  comment: "tracking: the proxy asks each connection for its original destination, redirected or not",
};

/** The name of the set that holds a row's ports or networks. */
export function setName(row: TrafficRow, family?: 4 | 6): string {
  const name = `${row.direction}_${row.name}`.replaceAll("-", "_");
  return family === undefined ? name : `${name}_v${family}`;
}

function captureRules(row: TrafficRow, plan: RedirectPlan): readonly NftRule[] {
  const port = row.direction === "outbound" ? plan.outboundPort : plan.inboundPort;
  const enter = (chain: string): NftRule => ({
    chain, text: `${opening} jump exempt_${row.direction}`,
    comment: "exemptions: judged once, when a connection opens",
  });
  const all = matches(row);
  const redirects = all.map((text) => rule(row.direction, `${opening} ${text} redirect to :${port}`, row));
  const refusals = all.map((text): NftRule => ({
    chain: `guard_${row.direction}`, text: `${opening} ${text} reject with tcp reset`,
    comment: "guard: what should go through the proxy and did not is refused, never passed in plain text",
  }));
  const translation = plan.mode === "redirect" ? [enter(row.direction), ...redirects] : [];
  return [...translation, ...arrivedRules(row, plan), enter(`guard_${row.direction}`), ...refusals];
}

function arrivedRules(row: TrafficRow, plan: RedirectPlan): readonly NftRule[] {
  const all = row.direction === "outbound"
    ? [`ip daddr 127.0.0.1 tcp dport ${plan.outboundPort}`, `ip6 daddr ::1 tcp dport ${plan.outboundPort}`]
    : [`tcp dport ${plan.inboundPort}`];
  return all.map((text) => ({ chain: `guard_${row.direction}`, text: `${text} accept`, comment: "redirected: on its way to the proxy" }));
}

function rule(chain: string, text: string, row: TrafficRow): NftRule {
  return { chain, text, comment: `${row.name}: ${row.why}` };
}

function matches(row: TrafficRow): readonly string[] {
  const match = row.match;
  switch (match.kind) {
    case "user": return [`meta skuid ${match.uid}`];
    case "process": return [anyUser];
    case "family": return [`meta nfproto ipv${match.family}`];
    case "local": return [row.direction === "outbound" ? `oifname "lo"` : `iifname "lo"`];
    case "untracked": return ["ct state untracked"];
    case "networks": return [`ct original ip daddr @${setName(row, 4)}`, `ct original ip6 daddr @${setName(row, 6)}`];
    case "ports": return [`meta l4proto tcp ct original proto-dst @${setName(row)}`];
  }
}

// Every plan has every set, so that a replacement empties what the plan before it filled.
function allSets(plan: RedirectPlan): readonly NftSet[] {
  const captured = { outbound: plan.captureOutbound, inbound: plan.captureInbound };
  return trafficRows({ ...plan, captureInbound: true, captureOutbound: true })
    .flatMap((row) => setsOf(row).map((set) => (captured[row.direction] ? set : { ...set, ranges: [] })));
}

function setsOf(row: TrafficRow): readonly NftSet[] {
  const match = row.match;
  if (match.kind === "ports") {
    return [{ name: setName(row), type: "inet_service", ranges: mergeRanges(match.ports.map(portNumbers)) }];
  }
  if (match.kind !== "networks") return [];
  return ([4, 6] as const).map((family) => ({
    name: setName(row, family), type: `ipv${family}_addr` as const, ranges: mergeRanges(numbersOf(match, family)),
  }));
}

function numbersOf(match: TrafficMatch & { readonly kind: "networks" }, family: 4 | 6): readonly Range[] {
  return match.networks
    .filter((network) => network.family === family)
    .map(networkNumbers)
    .filter((range) => range !== undefined);
}
