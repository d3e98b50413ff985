import { z } from "zod";
import { mergeRanges, networkNumbers, type Range } from "../../model/traffic-ranges.ts";
import { parseAbout, rangeKind, type About } from "./nft-render.ts";
import type { NftChain, NftRule, NftSet, NftTable } from "./nft-table.ts";

/** What the kernel holds under our table's name. */
export interface Listing extends NftTable {
  /** Undefined when the table says nothing of itself: not written by us. */
  readonly about: About | undefined;
  /** Some process holds the table; without that it would outlive its maker. */
  readonly held: boolean;
}

const element = z.union([
  z.number(),
  z.string(),
  z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) }),
  z.object({ range: z.tuple([z.union([z.number(), z.string()]), z.union([z.number(), z.string()])]) }),
]);

const object = z.object({
  table: z.object({ family: z.string(), name: z.string(), flags: z.unknown().optional() }).optional(),
  chain: z.object({
    family: z.string(), table: z.string(), name: z.string(),
    type: z.string().optional(), hook: z.string().optional(), prio: z.number().optional(),
  }).optional(),
  set: z.object({
    name: z.string(), type: z.enum(["inet_service", "ipv4_addr", "ipv6_addr"]), elem: z.array(element).default([]),
  }).optional(),
  rule: z.object({ chain: z.string(), comment: z.string().default(""), expr: z.array(z.unknown()) }).optional(),
});

const listing = z.object({ nftables: z.array(object) });

type NftObject = z.infer<typeof object>;
type Element = z.infer<typeof element>;

/** The objects of one `nft -j list` answer. Fields we do not know are ignored; an unknown set element is an error. */
export function parseObjects(json: string): readonly NftObject[] {
  return listing.parse(JSON.parse(json)).nftables;
}

/** The answer of `nft -j list table` for our table. */
export function parseListing(json: string): Listing {
  const objects = parseObjects(json);
  const rules = objects.flatMap((one): NftRule[] => one.rule === undefined ? [] : [{
    chain: one.rule.chain, comment: one.rule.comment, text: one.rule.expr.map(statementText).join(" "),
  }]);
  const abouts = rules.map((rule) => (rule.chain === "about" ? parseAbout(rule.comment) : undefined));
  return {
    about: abouts.find((about) => about !== undefined),
    // nft 1.0.6 prints a table's flags under wrong names, but prints none for a table that has none.
    held: objects.some((one) => one.table !== undefined && one.table.flags !== undefined),
    chains: objects.flatMap((one) => one.chain === undefined ? [] : [chainOf(one.chain)]),
    sets: objects.flatMap((one) => one.set === undefined ? [] : [setOf(one.set)]),
    rules: rules.filter((_, index) => abouts[index] === undefined),
  };
}

function chainOf(chain: NonNullable<NftObject["chain"]>): NftChain {
  const { name, type, hook, prio } = chain;
  const ours = (type === "nat" || type === "filter") && (hook === "output" || hook === "prerouting") && prio !== undefined;
  return ours ? { name, hook: { type, at: hook, priority: prio } } : { name };
}

function setOf(set: NonNullable<NftObject["set"]>): NftSet {
  const kind = rangeKind(set.type);
  const ranges = set.elem.map((one) => elementNumbers(one, kind)).filter((range) => range !== undefined);
  return { name: set.name, type: set.type, ranges: mergeRanges(ranges) };
}

function elementNumbers(value: Element, kind: "port" | 4 | 6): Range | undefined {
  if (typeof value === "object" && "range" in value) {
    const from = elementNumbers(value.range[0], kind)?.from;
    const to = elementNumbers(value.range[1], kind)?.to;
    return from === undefined || to === undefined ? undefined : { from, to };
  }
  if (kind === "port") return typeof value === "number" ? { from: BigInt(value), to: BigInt(value) } : undefined;
  if (typeof value === "number") return undefined;
  const prefix = typeof value === "string" ? (kind === 4 ? 32 : 128) : value.prefix.len;
  return networkNumbers({ family: kind, address: typeof value === "string" ? value : value.prefix.addr, prefix });
}

const matchStatement = z.object({ match: z.object({ op: z.string(), left: z.unknown(), right: z.unknown() }) });
const jumpStatement = z.object({ jump: z.object({ target: z.string() }) });
const redirectStatement = z.object({ redirect: z.object({ port: z.number() }) });
const rejectStatement = z.object({ reject: z.object({ type: z.string() }) });

// The text as we write it, so that both can be compared; what we never write stays as JSON.
function statementText(statement: unknown): string {
  const match = matchStatement.safeParse(statement).data?.match;
  if (match !== undefined) return matchText(match);
  const jump = jumpStatement.safeParse(statement).data?.jump;
  if (jump !== undefined) return `jump ${jump.target}`;
  const redirect = redirectStatement.safeParse(statement).data?.redirect;
  if (redirect !== undefined) return `redirect to :${redirect.port}`;
  const reject = rejectStatement.safeParse(statement).data?.reject;
  if (reject !== undefined) return `reject with ${reject.type}`;
  return typeof statement === "object" && statement !== null && "accept" in statement ? "accept" : JSON.stringify(statement);
}

function matchText(match: { readonly op: string; readonly left: unknown; readonly right: unknown }): string {
  const left = valueText(match.left);
  const plain = (match.op === "==" || match.op === "in") && !left.includes("&");
  const right = left.endsWith("ifname") ? `"${valueText(match.right)}"` : valueText(match.right);
  return plain ? `${left} ${right}` : `${left} ${match.op} ${right}`;
}

const valueForms = [
  z.object({ payload: z.object({ protocol: z.string(), field: z.string() }) }).transform(({ payload }) => `${payload.protocol} ${payload.field}`),
  z.object({ meta: z.object({ key: z.string() }) }).transform(({ meta }) => `meta ${meta.key}`),
  z.object({ ct: z.object({ key: z.string(), dir: z.string().optional() }) })
    .transform(({ ct }) => (ct.dir === undefined ? `ct ${ct.key}` : `ct ${ct.dir} ${ct.key}`)),
  z.object({ range: z.tuple([z.unknown(), z.unknown()]) }).transform(({ range }) => `${valueText(range[0])}-${valueText(range[1])}`),
  z.object({ "&": z.tuple([z.unknown(), z.unknown()]) }).transform((both) => `${valueText(both["&"][0])} & (${valueText(both["&"][1])})`),
  z.object({ "|": z.array(z.unknown()) }).transform((any) => any["|"].map(valueText).join("|")),
  z.array(z.unknown()).transform((any) => any.map(valueText).join("|")),
  z.union([z.string(), z.number()]).transform(String),
];

function valueText(value: unknown): string {
  for (const form of valueForms) {
    const text = form.safeParse(value);
    if (text.success) return interfaceName(text.data);
  }
  return JSON.stringify(value);
}

// `oifname` is written without its `meta`, as nft prints it.
function interfaceName(text: string): string {
  return /^meta [io]ifname$/.test(text) ? text.slice("meta ".length) : text;
}
