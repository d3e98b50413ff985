import { renderRange } from "../../model/traffic-ranges.ts";
import type { RedirectPlan } from "../../model/traffic.ts";
import { planTable, tableName, type NftChain, type NftSet, type NftSetType } from "./nft-table.ts";

/** Changes with every change of the rules' form, so that an older program's table is told from damage. */
export const layout = 1;

/** The process that holds a table, and which of its writings this is. */
export interface Holder {
  readonly process: number;
  readonly revision: number;
}

/** What the rule in the chain `about` says of the table; nothing enters that chain. */
export interface About {
  readonly layout: number;
  readonly mode: RedirectPlan["mode"];
  /** Who holds the table and how often it wrote it, where that is known. */
  readonly holder: Holder | undefined;
}

/**
 * The table as nft's commands, one a line; `#` lines are for people. It makes the table or replaces what is in it:
 * chains stay, sets and rules are emptied and filled in the same transaction.
 */
export function renderTable(plan: RedirectPlan, holder?: Holder): string {
  const table = planTable(plan);
  const rules = table.rules.map((rule) => add("rule", `${rule.chain} ${rule.text} ${comment(rule.comment)}`));
  return [
    `# Made by linkerd-mesh. Its process holds this table and takes it along, however it ends; nobody else can change it.`,
    `add table inet ${tableName} { flags owner; }`,
    "# Chains and sets, the same in every plan. The kernel searches sets by halves, however long they are.",
    ...table.chains.map((chain) => add("chain", `${chain.name}${renderHook(chain)}`)),
    ...table.sets.map((set) => add("set", `${set.name} { type ${set.type}; flags interval; }`)),
    "# From here on the content is new; it takes effect as a whole.",
    `flush table inet ${tableName}`,
    ...table.sets.map((set) => `flush set inet ${tableName} ${set.name}`),
    ...table.sets.filter((set) => set.ranges.length > 0).map(renderElements),
    add("rule", `about accept ${comment(renderAbout({ layout, mode: plan.mode, holder }))}`),
    ...rules,
    "",
  ].join("\n");
}

/** The commands as the one line that `nft -i` takes as one transaction. */
export function renderTransaction(commands: string): string {
  return commands.split("\n").filter((line) => line !== "" && !line.startsWith("#")).join("; ");
}

/** What the table says of itself. */
export function renderAbout(about: About): string {
  const held = about.holder === undefined ? "" : `, held by process ${about.holder.process}, revision ${about.holder.revision}`;
  return `linkerd-mesh layout ${about.layout}, mode ${about.mode}${held}`;
}

/** Reads what a table says of itself; undefined when no program of ours wrote it. */
export function parseAbout(text: string): About | undefined {
  const found = /^linkerd-mesh layout (\d+), mode (redirect|refuse)(?:, held by process (\d+), revision (\d+))?$/.exec(text);
  if (found === null) return undefined;
  const holder = found[3] === undefined ? undefined : { process: Number(found[3]), revision: Number(found[4]) };
  return { layout: Number(found[1]), mode: found[2] === "refuse" ? "refuse" : "redirect", holder };
}

/** The kind of numbers in a set of that type. */
export function rangeKind(type: NftSetType): "port" | 4 | 6 {
  return type === "inet_service" ? "port" : type === "ipv4_addr" ? 4 : 6;
}

function renderElements(set: NftSet): string {
  const kind = rangeKind(set.type);
  return add("element", `${set.name} { ${set.ranges.map((range) => renderRange(range, kind)).join(", ")} }`);
}

function renderHook(chain: NftChain): string {
  if (chain.hook === undefined) return "";
  return ` { type ${chain.hook.type} hook ${chain.hook.at} priority ${chain.hook.priority}; policy accept; }`;
}

function add(what: "chain" | "set" | "element" | "rule", rest: string): string {
  return `add ${what} inet ${tableName} ${rest}`;
}

function comment(text: string): string {
  return `comment "${text}"`;
}
