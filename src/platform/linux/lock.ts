import { open } from "node:fs/promises";
import { MeshError } from "../../model/errors.ts";
import { errno, flock } from "./ffi.ts";

const lockExclusive = 2;
const lockNonBlocking = 4;
const wouldBlock = 11;

/** Locks a file for this process; the kernel frees it when we end, however we end. Undefined when somebody else holds it. */
export async function lockFile(path: string): Promise<AsyncDisposable | undefined> {
  const file = await openLock(path);
  if (flock(file.fd, lockExclusive | lockNonBlocking) === 0) return file;
  const reason = errno();
  await file.close();
  if (reason === wouldBlock) return undefined;
  throw new MeshError("FILE_FAILED", { doing: `locking ${path}`, what: `flock failed with error ${reason}`, target: path });
}

async function openLock(path: string): ReturnType<typeof open> {
  try {
    return await open(path, "a", 0o600);
  } catch (cause) {
    throw new MeshError("FILE_FAILED", { doing: `opening the lock file ${path}`, what: cause instanceof Error ? cause.message : String(cause), target: path, cause });
  }
}
