import { kernel } from "./ffi.ts";
import { takeHandle, type Handle } from "./handle.ts";
import { judgePipe, type PipeFacts } from "./judge-pipe.ts";
import { openService, openServiceManager, queryServiceStatus, serviceAccess } from "./service-control.ts";
import { decodeOwner, knownSids } from "./sids.ts";
import { readFailure, SystemFailure } from "./system-failure.ts";
import { readOwnToken, readProcessToken } from "./tokens.ts";
import type { PipeProblem } from "../host.ts";

/** Looks at a pipe before it is used: whether it can be opened, and whether SPIRE serves it. Undefined when it is good. */
export async function probePipe(path: string, spireService: string): Promise<PipeProblem | undefined> {
  const seen = lookAtPipe(path);
  if (!seen.opened) return await Promise.resolve(judgePipe(seen, { spirePid: undefined, self: "", trusted: [], spireService }));
  return judgePipe(seen, { spirePid: findServicePid(spireService), self: readOwnToken().user, trusted: Object.values(knownSids), spireService });
}

/**
 * Opens the pipe and closes it again. libuv would wait half a minute for a busy one, deaf to everything; and it lets the
 * server act in our name, which a program that only pretends to be SPIRE would do.
 */
export function lookAtPipe(path: string): PipeFacts {
  try {
    using pipe = takeHandle("CreateFileW", kernel.createFile(path, readWrite, 0, null, openExisting, identifyOnly, null));
    const pid = readServer(pipe);
    return { opened: true, pid, server: readProcessToken(pid), owner: readOwner(pipe) };
  } catch (error) {
    if (!(error instanceof SystemFailure)) throw error;
    return { opened: false, number: error.number, words: error.words };
  }
}

const readWrite = 0xc000_0000;
const openExisting = 3;
/** SECURITY_SQOS_PRESENT and SECURITY_IDENTIFICATION: the server may ask who we are, not be us. */
const identifyOnly = 0x10_0000 | 0x1_0000;
const ownerInformation = 0x1;

function readServer(pipe: Handle): number {
  const pid: [number] = [0];
  if (!kernel.pipeServer(pipe.pointer, pid)) throw readFailure("GetNamedPipeServerProcessId");
  return pid[0];
}

function readOwner(pipe: Handle): string | undefined {
  const bytes = Buffer.alloc(1024);
  return kernel.objectSecurity(pipe.pointer, ownerInformation, bytes, bytes.length, [0]) ? decodeOwner(bytes) : undefined;
}

function findServicePid(name: string): number | undefined {
  try {
    using manager = openServiceManager(serviceAccess.connect);
    using service = openService(manager, name, serviceAccess.queryStatus);
    const pid = service === undefined ? 0 : queryServiceStatus(service).pid;
    return pid === 0 ? undefined : pid;
  } catch (error) {
    // Not to know it is no reason to trust somebody else.
    if (error instanceof SystemFailure) return undefined;
    throw error;
  }
}
