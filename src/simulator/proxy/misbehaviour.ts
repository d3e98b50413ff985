import { MeshError } from "../../model/errors.ts";

/** How the small proxy can be told to misbehave, each with what it does. */
export const misbehaviours = {
  "crash-after": "ends with code 101 so many milliseconds after its start",
  "exit-at-once": "ends with this code before it does anything",
  "ignore-stop": "true: neither /shutdown nor SIGTERM ends it",
  "never-ready": "true: /ready stays at 503 although the certificate is there",
  version: "the version that /metrics reports",
} as const;

/** What was asked of it: only what is not as usual. */
export type Misbehaviour = Readonly<Partial<Record<keyof typeof misbehaviours, string>>>;

const prefix = "LINKERD_MESH_SIMULATE_";

/** Reads the switches from `key=value` words and the environment (LINKERD_MESH_SIMULATE_NEVER_READY=true); words win. */
export function parseMisbehaviour(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): Misbehaviour {
  const entries = Object.keys(misbehaviours).map((key) => [key, environment[`${prefix}${key.toUpperCase().replaceAll("-", "_")}`]] as const);
  const asked = new Map(entries.filter(([, value]) => value !== undefined));
  for (const word of words) {
    const at = word.indexOf("=");
    const key = word.slice(0, Math.max(at, 0));
    if (!(key in misbehaviours)) refuse(word, `it is none of ${Object.keys(misbehaviours).map((name) => `${name}=…`).join(", ")}`);
    asked.set(key, word.slice(at + 1));
  }
  for (const [key, value = ""] of asked) judgeValue(key, value);
  return Object.fromEntries(asked);
}

function judgeValue(key: string, value: string): void {
  if ((key === "crash-after" || key === "exit-at-once") && !/^\d{1,9}$/.test(value)) refuse(`${key}=${value}`, "it takes a whole number");
  if ((key === "ignore-stop" || key === "never-ready") && value !== "true" && value !== "false") refuse(`${key}=${value}`, "it takes true or false");
}

function refuse(word: string, what: string): never {
  throw new MeshError("SIMULATOR_SWITCH", { doing: "reading how the proxy shall misbehave", what: `'${word}': ${what}`, target: word });
}
