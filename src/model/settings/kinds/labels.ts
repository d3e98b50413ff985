import { accept, parseList, refuse, type Kind, type Parsed } from "../kind.ts";
import { parseDnsName } from "./names.ts";

const word = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Kubernetes labels, sorted by key. */
export const labels: Kind<Readonly<Record<string, string>>> = {
  name: "labels",
  form: "key=value pairs, as app=orders,example.com/tier=db; empty for none",
  parse: (text) => {
    const pairs = parseList(text, parseLabel);
    if (!pairs.ok) return pairs;
    const keys = pairs.value.map(([key]) => key);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index);
    return twice === undefined ? accept(sortedRecord(pairs.value)) : refuse(`the label ${twice} is there twice`);
  },
  format: (record) => Object.entries(record).map(([key, value]) => `${key}=${value}`).join(","),
};

function parseLabel(item: string): Parsed<readonly [string, string]> {
  const [key = "", value, ...rest] = item.split("=").map((part) => part.trim());
  if (value === undefined || rest.length > 0) return refuse(`${JSON.stringify(item)} is not key=value`);
  if (!isLabelKey(key)) return refuse(`${JSON.stringify(key)} is no label key`);
  return isLabelValue(value) ? accept([key, value]) : refuse(`${JSON.stringify(value)} is no label value`);
}

/** True for a key that Kubernetes takes for a label or an annotation: a name, with or without a DNS prefix. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return word.test(key);
  const prefix = key.slice(0, slash);
  return prefix === prefix.toLowerCase() && parseDnsName(prefix).ok && word.test(key.slice(slash + 1));
}

/** True for a value that Kubernetes takes for a label. */
export function isLabelValue(value: string): boolean {
  return value === "" || word.test(value);
}

function sortedRecord(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
