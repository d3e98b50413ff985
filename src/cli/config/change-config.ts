import { posix, win32 } from "node:path";
import { MeshError } from "../../model/errors.ts";
import { parseConfigFile } from "../../model/settings/config-file.ts";
import { editConfig, type ConfigEdit } from "../../model/settings/edit-config.ts";
import type { ConfigFile } from "../../model/settings/sources.ts";
import type { Host } from "../../platform/host.ts";
import { refuseNewProblems } from "./refuse-new-problems.ts";

/** Readable for everybody, as the harness runs under an account of its own; changed by root alone. */
const newFileMode = 0o644;

/** Changes one key of the config file as a whole or not at all; true when the file is different now. */
export async function changeConfig(host: Host, path: string, edit: ConfigEdit): Promise<boolean> {
  await ensureFolder(host, host.os === "win32" ? win32.dirname(path) : posix.dirname(path));
  await using _lock = await lockFile(host, path);
  const [before, info] = await Promise.all([host.files.readText(path), host.files.stat(path)]);
  const after = editConfig(before ?? "", path, edit);
  if (after === before || (before === undefined && after === "")) return false;
  refuseBrokenFile(host, path, { before: before ?? "", after });
  await host.files.writeAtomic(path, after, { mode: info?.mode ?? newFileMode });
  return true;
}

function refuseBrokenFile(host: Host, path: string, texts: { readonly before: string; readonly after: string }): void {
  const [before, after] = [parseConfigFile(texts.before, path), parseConfigFile(texts.after, path)];
  // Lines may have moved: problems are compared as if all stood in one line, and told with their own.
  refuseNewProblems(host, { before: { file: withoutLines(before) }, after: { file: withoutLines(after) }, told: { file: after } });
}

function withoutLines(file: ConfigFile): ConfigFile {
  return { ...file, entries: file.entries.map((entry) => ({ ...entry, line: 0 })) };
}

async function ensureFolder(host: Host, folder: string): Promise<void> {
  if ((await host.files.stat(folder)) === undefined) await host.files.makeFolder(folder, 0o755);
}

async function lockFile(host: Host, path: string): Promise<AsyncDisposable> {
  const name = `${path}.lock`;
  const lock = await host.files.lock(name);
  if (lock === undefined) {
    const what = "somebody else is changing it at this moment";
    throw new MeshError("CONFIG_BUSY", { doing: `changing the config file ${path}`, what, target: path });
  }
  const stack = new AsyncDisposableStack();
  stack.use(lock);
  // Nothing of ours shall stay beside the file; it goes while the lock is still held.
  stack.defer(() => host.files.remove(name));
  return stack;
}
