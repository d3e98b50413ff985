import { MeshError } from "../../model/errors.ts";

/** How the proxy misbehaves; nothing of it is the ordinary. */
export interface Misbehaviour {
  /** Ends with exit code 101 so many milliseconds after its start; 0 at once. */
  readonly crashAfter: number | undefined;
  /** Neither POST /shutdown nor SIGTERM ends it. */
  readonly ignoreShutdown: boolean;
  /** Never gets a certificate. */
  readonly neverReady: boolean;
  /** Version that it says it has. */
  readonly version: string;
}

/** Every way to misbehave, for help. */
export const misbehaviours: Readonly<Record<string, string>> = {
  "crash-after": "crash-after=MS ends it with exit code 101 after so many milliseconds",
  "ignore-shutdown": "ignore-shutdown=yes makes it deaf to POST /shutdown and SIGTERM",
  "never-ready": "never-ready=yes lets it never get a certificate",
  version: "version=X is the version that it says it has",
};

/** The linkerd2-proxy whose behaviour the small proxy follows. */
export const followedVersion = "2.366.0";

/** Reads `key=value` words. */
export function parseMisbehaviour(words: readonly string[]): Misbehaviour {
  const given = new Map(words.map((word) => {
    const [key = "", value = ""] = word.split("=", 2);
    if (key in misbehaviours && value !== "") return [key, value] as const;
    throw new MeshError("USAGE", { doing: "reading --misbehave", what: `'${word}' is none of: ${Object.values(misbehaviours).join("; ")}`, target: "--misbehave" });
  }));
  const after = given.get("crash-after");
  return {
    crashAfter: after === undefined ? undefined : Number(after),
    ignoreShutdown: given.has("ignore-shutdown"),
    neverReady: given.has("never-ready"),
    version: given.get("version") ?? followedVersion,
  };
}
