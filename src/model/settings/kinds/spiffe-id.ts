import { accept, parseList, refuse, type Kind, type Parsed } from "../kind.ts";

const longestId = 2048;

/** A SPIFFE ID that names a workload: scheme and trust domain in small letters, path as it is. */
export const spiffeId: Kind<string> = {
  name: "SPIFFE ID",
  form: "a SPIFFE ID, as spiffe://root.linkerd.cluster.local/vm/orders",
  parse: (text) => parseSpiffeId(text.trim()),
  format: (id) => id,
};

/** SPIFFE IDs, each exact or ending in a path segment `*` that stands for everything below. */
export const spiffeIdPatterns: Kind<readonly string[]> = {
  name: "SPIFFE ID patterns",
  form: "SPIFFE IDs, exact or ending in /*, separated by commas; empty for none",
  parse: (text) => parseList(text, parsePattern),
  format: (patterns) => patterns.join(","),
};

/** Reads the SPIFFE ID of a workload, by the rules of the SPIFFE-ID specification. */
export function parseSpiffeId(text: string): Parsed<string> {
  const parts = /^(spiffe):\/\/([^/]*)(\/.*)?$/is.exec(text);
  if (parts === null) return refuse("it does not begin with spiffe://");
  const [, , domain = "", path = ""] = parts;
  const reason = judgeDomain(domain.toLowerCase()) ?? judgePath(path);
  if (reason !== undefined) return refuse(reason);
  return text.length > longestId ? refuse(`it is longer than ${longestId} bytes`) : accept(`spiffe://${domain.toLowerCase()}${path}`);
}

function parsePattern(text: string): Parsed<string> {
  if (!text.endsWith("/*")) return parseSpiffeId(text);
  // The part before /* may be a bare trust domain; a stand-in segment makes it a whole ID.
  const parsed = parseSpiffeId(`${text.slice(0, -1)}x`);
  return parsed.ok ? accept(`${parsed.value.slice(0, -1)}*`) : parsed;
}

function judgeDomain(domain: string): string | undefined {
  if (domain === "") return "its trust domain is missing";
  if (domain.length > 255) return "its trust domain is longer than 255 bytes";
  return /^[a-z0-9._-]+$/.test(domain) ? undefined : "its trust domain has other characters than letters, digits, . _ and - (a port or a user is not allowed)";
}

function judgePath(path: string): string | undefined {
  if (path === "") return "it has no path, so it names a trust domain and no workload";
  if (path.endsWith("/")) return "it ends with a slash";
  const segments = path.slice(1).split("/");
  if (segments.includes("")) return "its path has an empty segment";
  if (segments.includes(".") || segments.includes("..")) return "its path has a segment . or ..";
  return segments.every((segment) => /^[A-Za-z0-9._-]+$/.test(segment)) ? undefined : "its path has other characters than letters, digits, . _ and -";
}
