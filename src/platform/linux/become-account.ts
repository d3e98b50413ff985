import { chown, mkdir, readFile } from "node:fs/promises";
import { parseUid } from "../../model/accounts.ts";
import { MeshError } from "../../model/errors.ts";

/** What becoming another account needs. */
export interface Becoming {
  readonly account: string;
  /** Folders that shall be the account's own. */
  readonly folders: readonly string[];
  /** The whole command line of this process. */
  readonly command: readonly string[];
  readonly setpriv: string | undefined;
}

/**
 * As root: hands the folders over and replaces this process by the same command under the account, with CAP_NET_ADMIN and
 * nothing else. The process id stays, so that whoever started us notices nothing. Does nothing for any other user.
 */
export async function becomeAccount({ account, folders, command, setpriv }: Becoming): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const uid = parseUid(await readFile("/etc/passwd", "utf8"), account);
  if (uid === undefined) throw missing(`there is no account ${account}`, account);
  if (setpriv === undefined) {
    throw new MeshError("PROGRAM_MISSING", { doing: `continuing as ${account}`, what: "setpriv is not installed", remedy: "Install the package util-linux, or start the harness as that account with CAP_NET_ADMIN.", target: "setpriv" });
  }
  for (const folder of folders) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chown(folder, uid, uid);
  }
  const rights = ["--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin", "--bounding-set=-all,+net_admin,+setpcap"];
  process.execve?.(setpriv, [setpriv, `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...rights, "--", ...command], process.env);
}

function missing(what: string, target: string): MeshError {
  return new MeshError("PROXY_USER_MISSING", { doing: "continuing as the account of harness and proxy", what, target });
}
