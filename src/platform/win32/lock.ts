import { MeshError } from "../../model/errors.ts";
import { kernel } from "./ffi.ts";
import { takeHandle } from "./handle.ts";
import { SystemFailure, systemErrors } from "./system-failure.ts";

const readWrite = 0xc000_0000;
// Nobody else may read or write it, but its holder may remove it while he holds it.
const shareRemoval = 4;
const openAlways = 4;
const normalFile = 0x80;

/**
 * Locks a path by having it open for nobody else: Windows closes it when this process ends, however it ends. Undefined when
 * somebody else has it. Not a mutex or a pipe of a known name, which any user may make first.
 */
export async function lockFile(path: string): Promise<AsyncDisposable | undefined> {
  try {
    const handle = takeHandle("CreateFileW", kernel.createFile(path, readWrite, shareRemoval, null, openAlways, normalFile, null));
    return await Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve(handle[Symbol.dispose]()) });
  } catch (cause) {
    if (!(cause instanceof SystemFailure)) throw cause;
    if (cause.number === systemErrors.sharingViolation) return undefined;
    throw new MeshError("FILE_FAILED", { doing: `locking ${path}`, what: cause.words, target: path, cause });
  }
}
