import { accept, refuse, type Kind, type Parsed } from "../kind.ts";

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads a DNS name: labels of letters, digits and hyphens, without a final dot. */
export function parseDnsName(text: string): Parsed<string> {
  const name = text.toLowerCase();
  if (name === "") return refuse("it is empty");
  if (name.length > 253) return refuse("it is longer than 253 characters");
  const bad = name.split(".").find((part) => !label.test(part));
  if (bad !== undefined) return refuse(bad === "" ? "it has an empty label" : `${JSON.stringify(bad)} is no DNS label`);
  return accept(name);
}

/** A DNS name, in small letters. */
export const dnsName: Kind<string> = {
  name: "DNS name",
  form: "a DNS name without a final dot",
  parse: (text) => parseDnsName(text.trim()),
  format: (name) => name,
};

/** The name of a Kubernetes object; capital letters are refused, for Kubernetes refuses them. */
export const objectName: Kind<string> = {
  name: "object name",
  form: "a Kubernetes name: small letters, digits, - and .",
  parse: (text) => parseExactName(text.trim()),
  format: (name) => name,
};

/** The name of a Kubernetes namespace: a single DNS label. */
export const namespaceName: Kind<string> = {
  name: "namespace",
  form: "a Kubernetes namespace: small letters, digits and -, at most 63",
  parse: (text) => {
    const name = parseExactName(text.trim());
    return name.ok && name.value.includes(".") ? refuse("a namespace has no dots") : name;
  },
  format: (name) => name,
};

function parseExactName(text: string): Parsed<string> {
  return text === text.toLowerCase() ? parseDnsName(text) : refuse("it has capital letters");
}
