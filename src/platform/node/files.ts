import { randomUUID } from "node:crypto";
import { appendFile, chmod, mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileInfo, Files } from "../host.ts";
import { explainFileFailure, fileErrorCode } from "./file-failure.ts";
import { openLogFile } from "./log-file.ts";
import { watchFolder } from "./watch-folder.ts";

/** Files of this machine; how a file is locked and what may be executed is each system's own. */
export function createFiles(lock: Files["lock"], isExecutable: IsExecutable = hasExecuteBit): Files {
  return {
    readText, readBytes, readPart, writeAtomic, append, list, makeFolder, setMode, remove, lock,
    openLogFile: (spec) => openLogFile(spec),
    watchFolder: (path, signal, poll) => watchFolder(path, signal, poll === undefined ? {} : { poll }),
    stat: (path) => readInfo(path, isExecutable),
  };
}

/** Tells a program from other files. */
export type IsExecutable = (path: string, mode: number) => boolean;

function hasExecuteBit(_path: string, mode: number): boolean {
  return (mode & 0o111) !== 0;
}

async function readText(path: string): Promise<string | undefined> {
  return unlessAbsent(path, "reading", () => readFile(path, "utf8"));
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  return unlessAbsent(path, "reading", () => readFile(path));
}

async function readPart(path: string, from: number, most: number): Promise<Uint8Array | undefined> {
  return unlessAbsent(path, "reading", async () => {
    await using file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, from);
    return buffer.subarray(0, bytesRead);
  });
}

async function writeAtomic(path: string, text: string, options?: { readonly mode?: number }): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await attempt(path, "writing", async () => {
      await writeThrough(temporary, text, options?.mode ?? 0o644);
      await rename(temporary, path);
      await syncFolder(dirname(path));
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

async function append(path: string, text: string): Promise<void> {
  await attempt(path, "appending to", () => appendFile(path, text));
}

async function list(path: string): Promise<readonly string[]> {
  const names = await unlessAbsent(path, "listing", () => readdir(path));
  return (names ?? []).toSorted();
}

async function makeFolder(path: string, mode: number): Promise<void> {
  await attempt(path, "making the folder", async () => {
    await mkdir(path, { recursive: true, mode });
    // mkdir leaves the mode of a folder that exists, and the umask takes from that of a new one.
    await chmod(path, mode);
  });
}

async function setMode(path: string, mode: number): Promise<void> {
  await attempt(path, "changing the mode of", () => chmod(path, mode));
}

async function remove(path: string): Promise<void> {
  await attempt(path, "removing", () => rm(path, { recursive: true, force: true }));
}

async function readInfo(path: string, isExecutable: IsExecutable): Promise<FileInfo | undefined> {
  const info = await unlessAbsent(path, "looking at", () => stat(path));
  if (info === undefined) return undefined;
  const kind = info.isFile() ? "file" : info.isDirectory() ? "folder" : info.isSocket() ? "socket" : "other";
  return { kind, size: info.size, executable: isExecutable(path, info.mode), mode: info.mode & 0o7777, owner: info.uid };
}

async function writeThrough(path: string, text: string, mode: number): Promise<void> {
  await using file = await open(path, "wx", mode);
  await file.chmod(mode);
  await file.writeFile(text);
  await file.sync();
}

/** Makes a rename survive a power cut; Windows has no such call for folders and needs none. */
async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, "r");
    await folder.sync();
  } catch (error) {
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL"].includes(fileErrorCode(error))) throw error;
  }
}

async function unlessAbsent<T>(path: string, doing: string, work: () => Promise<T>): Promise<T | undefined> {
  return attempt(path, doing, async () => {
    try {
      return await work();
    } catch (error) {
      if (fileErrorCode(error) === "ENOENT" || fileErrorCode(error) === "ENOTDIR") return undefined;
      throw error;
    }
  });
}

async function attempt<T>(path: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw explainFileFailure(path, doing, cause);
  }
}
