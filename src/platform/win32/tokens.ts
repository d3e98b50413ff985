import { addressOf, kernel, security, type Pointer } from "./ffi.ts";
import { takeHandle, type Handle } from "./handle.ts";
import { decodeSid, knownSids } from "./sids.ts";
import { readFailure, SystemFailure, systemErrors } from "./system-failure.ts";

/** Who a process runs as. */
export interface TokenFacts {
  readonly user: string;
  /** An enabled member of Administrators: not one whom UAC has taken it from. */
  readonly administrator: boolean;
}

/** Who we are. */
export function readOwnToken(): TokenFacts {
  return readToken(kernel.currentProcess());
}

/** Who a process runs as; undefined when this account may not know, or when it has ended. */
export function readProcessToken(pid: number): TokenFacts | undefined {
  try {
    using process = takeHandle("OpenProcess", kernel.openProcess(queryLimited, false, pid));
    return readToken(process.pointer);
  } catch (error) {
    if (error instanceof SystemFailure && unknowable.has(error.number)) return undefined;
    throw error;
  }
}

const queryLimited = 0x1000;
const tokenQuery = 0x8;
const userInformation = 1;
const groupInformation = 2;
const invalidParameter = 87;
const unknowable: ReadonlySet<number> = new Set([systemErrors.accessDenied, invalidParameter]);

function readToken(process: Pointer): TokenFacts {
  const opened: [Pointer] = [null];
  if (!security.openProcessToken(process, tokenQuery, opened)) throw readFailure("OpenProcessToken");
  using token = takeHandle("OpenProcessToken", opened[0]);
  const user = readInformation(token, userInformation);
  const groups = readInformation(token, groupInformation);
  return {
    user: decodeSid(user, offsetIn(user, user.readBigUInt64LE(0))),
    administrator: listGroups(groups).some(({ sid, attributes }) => sid === knownSids.administrators && (attributes & enabled) !== 0 && (attributes & denyOnly) === 0),
  };
}

const enabled = 0x4;
const denyOnly = 0x10;

function readInformation(token: Handle, what: number): Buffer {
  const needed: [number] = [0];
  security.tokenInformation(token.pointer, what, Buffer.alloc(0), 0, needed);
  const bytes = Buffer.alloc(needed[0]);
  if (!security.tokenInformation(token.pointer, what, bytes, bytes.length, needed)) throw readFailure("GetTokenInformation");
  return bytes;
}

function listGroups(bytes: Buffer): readonly { readonly sid: string; readonly attributes: number }[] {
  return Array.from({ length: bytes.readUInt32LE(0) }, (_, index) => {
    const row = 8 + index * 16;
    return { sid: decodeSid(bytes, offsetIn(bytes, bytes.readBigUInt64LE(row))), attributes: bytes.readUInt32LE(row + 8) };
  });
}

// What a structure points at stands behind it in the same bytes.
function offsetIn(bytes: Buffer, pointer: bigint): number {
  return Number(pointer - addressOf(bytes));
}
