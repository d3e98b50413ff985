import { MeshError } from "../../model/errors.ts";

/** How the proxy misbehaves; nothing of it is the ordinary. */
export interface Misbehaviour {
  /** Ends as after a panic so many milliseconds after its start; 0 at once. */
  readonly crashAfter: number | undefined;
  /** Neither POST /shutdown nor SIGTERM ends it. */
  readonly ignoreShutdown: boolean;
  /** Never gets a certificate. */
  readonly neverReady: boolean;
  /** Never gets a certificate and says that it is ready, as linkerd2-proxy does when its identity task panicked. */
  readonly readyWithoutCertificate: boolean;
  /** The admin port takes connections and answers nothing. */
  readonly hang: boolean;
  /** Version that it says it has. */
  readonly version: string;
}

/** Every way to misbehave, for help. */
export const misbehaviours = {
  "crash-after": "crash-after=MS ends it with exit code 101 after so many milliseconds",
  "ignore-shutdown": "ignore-shutdown=yes makes it deaf to POST /shutdown and SIGTERM",
  "never-ready": "never-ready=yes lets it never get a certificate",
  "ready-without-certificate": "ready-without-certificate=yes lets it say that it is ready all the same",
  hang: "hang=yes lets its admin port take connections and answer nothing",
  version: "version=X is the version that it says it has",
} as const;

type Key = keyof typeof misbehaviours;

/** The linkerd2-proxy whose behaviour the small proxy follows. */
export const followedVersion = "2.366.0";

/** Longest delay that a timer takes. */
const longest = 2 ** 31 - 1;

/** Reads `key=value` words; the last of a key counts. */
export function parseMisbehaviour(words: readonly string[]): Misbehaviour {
  const given = new Map(words.map((word) => parseWord(word)));
  const isOn = (key: Key): boolean => given.get(key) === "yes";
  const after = given.get("crash-after");
  return {
    crashAfter: after === undefined ? undefined : Number(after),
    ignoreShutdown: isOn("ignore-shutdown"),
    neverReady: isOn("never-ready"),
    readyWithoutCertificate: isOn("ready-without-certificate"),
    hang: isOn("hang"),
    version: given.get("version") ?? followedVersion,
  };
}

function parseWord(word: string): readonly [Key, string] {
  const [, name = "", value = ""] = /^([^=]*)=(.*)$/su.exec(word) ?? [];
  const key = (Object.keys(misbehaviours) as Key[]).find((one) => one === name);
  if (key === undefined) return refuse(`'${word}' is none of: ${Object.values(misbehaviours).join("; ")}`);
  return isValue(key, value) ? [key, value] : refuse(`'${word}': ${misbehaviours[key]}`);
}

function isValue(key: Key, value: string): boolean {
  if (key === "version") return value !== "";
  if (key === "crash-after") return /^\d{1,10}$/u.test(value) && Number(value) <= longest;
  return value === "yes" || value === "no";
}

function refuse(what: string): never {
  throw new MeshError("USAGE", { doing: "reading --misbehave", what, target: "--misbehave" });
}
