import { suggest } from "../../base/suggest.ts";
import { MeshError } from "../../model/errors.ts";
import { renderKey, type ObjectKey } from "../../model/external-group.ts";
import type { Option, Positional } from "../command.ts";

/** What a command shows: a name, and its namespace where that was said. */
export interface Sought {
  readonly kind: "group" | "workload";
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The option that names a namespace. */
export const namespaceOption: Option = { type: "string", short: "n", describe: "Only this namespace" };

/** The word that names what to show. */
export function describeSought(kind: Sought["kind"]): Positional {
  return { name: kind, describe: "NAMESPACE/NAME, or the name alone where it is in one namespace only or --namespace is given", required: true };
}

/** Reads `NAMESPACE/NAME`, or a name with the namespace of the option. */
export function parseSought(kind: Sought["kind"], word: string, option: string | undefined): Sought {
  const [first = "", second, ...more] = word.split("/");
  if (second === undefined) return { kind, namespace: option, name: first };
  const clash = option !== undefined && option !== first ? `'${word}' is not in the namespace '${option}'` : undefined;
  const wrong = more.length > 0 || first === "" || second === "" ? `'${word}' is not NAMESPACE/NAME` : clash;
  if (wrong !== undefined) throw new MeshError("USAGE", { doing: `reading the ${kind}'s name`, what: wrong, remedy: `Give it as in linkerd-mesh ${kind} show shop/orders.` });
  return { kind, namespace: first, name: second };
}

/** The one that is sought; NOT_LISTED names those that are near, or of several namespaces. */
export function findEntry<T extends ObjectKey>(sought: Sought, entries: readonly T[], note = ""): T {
  const { kind, namespace, name } = sought;
  const found = entries.filter((entry) => entry.name === name && (namespace === undefined || entry.namespace === namespace));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const doing = `looking for the ${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  if (only !== undefined) throw new MeshError("NOT_LISTED", { doing, what: `there is one in each of several namespaces: ${found.map(renderKey).join(", ")}`, remedy: "Name the namespace too, as in NAMESPACE/NAME." });
  throw new MeshError("NOT_LISTED", { doing, what: `the registration service has no such ${kind}${note}${renderNear(sought, entries)}` });
}

// The same name elsewhere is nearer than another name.
function renderNear({ namespace, name }: Sought, entries: readonly ObjectKey[]): string {
  const elsewhere = entries.filter((entry) => entry.name === name).map(renderKey);
  const names = new Set(suggest(name, entries.map((entry) => entry.name)));
  const similar = entries.filter((entry) => names.has(entry.name) && (namespace === undefined || entry.namespace === namespace)).map(renderKey);
  const near = [...elsewhere, ...similar, ...suggest(`${namespace ?? ""}/${name}`, entries.map(renderKey))];
  const first = [...new Set(near)].slice(0, 3);
  return first.length === 0 ? "" : `; did you mean ${first.join(" or ")}?`;
}
