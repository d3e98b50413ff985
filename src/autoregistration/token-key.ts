import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { MeshError } from "../model/errors.ts";
import type { Files, Log } from "../platform/host.ts";
import { LeaseTokens, shortestTokenKey } from "./lease-tokens.ts";
import { parseTokenKeys } from "./parse-token-keys.ts";

/** Where the key for lease tokens comes from: a file that somebody gives, one that is made once, or nowhere. */
export type TokenKeySource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "state"; readonly folder: string }
  | { readonly kind: "random" };

const largestFile = 64 * 1024;

/** Lease tokens signed with the key of that source. A state folder belongs to this process alone. Errors: TOKEN_KEY, FILE_FAILED, DISK_FULL. */
export async function openLeaseTokens(files: Files, source: TokenKeySource, log: Log): Promise<LeaseTokens> {
  if (source.kind === "random") return new LeaseTokens(randomBytes(shortestTokenKey));
  if (source.kind === "file") return readTokens(files, source.path, log);
  const path = join(source.folder, "token.key");
  if ((await files.stat(path)) === undefined) await files.writeAtomic(path, `${randomBytes(shortestTokenKey).toString("base64")}\n`, { mode: 0o600 });
  return readTokens(files, path, log);
}

async function readTokens(files: Files, path: string, log: Log): Promise<LeaseTokens> {
  const info = await files.stat(path);
  if (info === undefined) throw unusable(path, "there is no such file");
  if (info.kind !== "file") throw unusable(path, "it is not a file");
  if (info.size > largestFile) throw unusable(path, `it has ${info.size} bytes; ${largestFile} are the most`);
  const parsed = parseTokenKeys((await files.readBytes(path)) ?? new Uint8Array());
  if (!parsed.ok) throw unusable(path, parsed.what);
  if ((info.mode & 0o007) !== 0) log.write("warn", "everybody on this machine may use the file with the token key", { path, mode: info.mode.toString(8) });
  const [current, ...previous] = parsed.keys;
  return new LeaseTokens(current, previous);
}

// Nothing of the file's own text: a key that is only malformed is a key.
function unusable(path: string, what: string): MeshError {
  return new MeshError("TOKEN_KEY", { doing: `reading the token key ${path}`, what, target: path });
}
