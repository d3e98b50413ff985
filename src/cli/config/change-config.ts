import { posix, win32 } from "node:path";
import { MeshError, MeshErrors } from "../../model/errors.ts";
import { parseConfigFile } from "../../model/settings/config-file.ts";
import { editConfig, type ConfigEdit } from "../../model/settings/edit-config.ts";
import { resolve } from "../../model/settings/resolve.ts";
import type { Host } from "../../platform/host.ts";
import { foldersOf } from "./read-sources.ts";

/** Readable for everybody, as the harness runs under an account of its own; changed by root alone. */
const newFileMode = 0o644;

/** Changes one key of the config file as a whole or not at all; true when the file is different now. */
export async function changeConfig(host: Host, path: string, edit: ConfigEdit): Promise<boolean> {
  await ensureFolder(host, host.os === "win32" ? win32.dirname(path) : posix.dirname(path));
  await using _lock = await lockFile(host, path);
  const [before, info] = await Promise.all([host.files.readText(path), host.files.stat(path)]);
  const after = editConfig(before ?? "", path, edit);
  if (after === before || (before === undefined && after === "")) return false;
  refuseNewProblems(host, path, { before: before ?? "", after });
  await host.files.writeAtomic(path, after, { mode: info?.mode ?? newFileMode });
  return true;
}

/** Problems that the file had already stay its author's business: they do not stand in the way of mending another line. */
function refuseNewProblems(host: Host, path: string, texts: { readonly before: string; readonly after: string }): void {
  const judge = (text: string): readonly MeshError[] =>
    resolve({ file: parseConfigFile(text, path) }, { os: host.os, role: "none", folders: foldersOf(host) }).problems;
  const known = new Set(judge(texts.before).map(({ what }) => what));
  const added = judge(texts.after).filter(({ what }) => !known.has(what));
  if (added.length > 0) throw new MeshErrors(added);
}

async function ensureFolder(host: Host, folder: string): Promise<void> {
  if ((await host.files.stat(folder)) === undefined) await host.files.makeFolder(folder, 0o755);
}

async function lockFile(host: Host, path: string): Promise<AsyncDisposable> {
  const lock = await host.files.lock(`${path}.lock`);
  if (lock !== undefined) return lock;
  const what = "somebody else is changing it at this moment";
  throw new MeshError("CONFIG_BUSY", { doing: `changing the config file ${path}`, what, target: path });
}
