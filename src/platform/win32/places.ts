import { mkdir } from "node:fs/promises";
import { dirname } from "node:path/win32";
import { MeshError } from "../../model/errors.ts";
import { addressOf, kernel, security, type Pointer } from "./ffi.ts";
import { encodePointers } from "./encode-service.ts";
import { takeHandle, takeMemory, type Handle } from "./handle.ts";
import { isAccessWanted, judgePlace, renderAccess, type MadeBy, type Place, type PlaceFacts } from "./judge-place.ts";
import { decodeOwner } from "./sids.ts";
import { describeFailure, readFailure, SystemFailure, systemErrors } from "./system-failure.ts";
import { readOwnToken } from "./tokens.ts";

/**
 * Makes a folder or file that nobody else may touch, or takes an existing one that is in good hands: FOLDER_FOREIGN where it
 * is not. By an installation its rights are set in any case; by a run only when nobody has set them.
 */
export async function makePlace(path: string, place: Place, by: MadeBy): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    using descriptor = parseDescriptor(renderAccess(place, by));
    const existing = create(path, place, descriptor) ? undefined : readPlace(path);
    const trusted = [readOwnToken().user, ...(place.user === undefined ? [] : [place.user])];
    const why = existing && judgePlace(existing, trusted);
    if (why !== undefined) throw new MeshError("FOLDER_FOREIGN", { doing: `making ${path} ours`, what: why, target: path });
    if (isAccessWanted(existing, by)) setAccess(path, descriptor, by);
  } catch (cause) {
    if (cause instanceof SystemFailure) throw new MeshError("FILE_FAILED", { doing: `making ${path}`, what: cause.words, target: path, cause });
    throw cause;
  }
}

/** What is there already. */
export function readPlace(path: string): PlaceFacts {
  const attributes = kernel.fileAttributes(path);
  if (attributes === noAttributes) throw readFailure("GetFileAttributesW");
  const bytes = Buffer.alloc(descriptorSize);
  if (!security.fileSecurity(path, ownerInformation | accessInformation, bytes, bytes.length, [0])) throw readFailure("GetFileSecurityW");
  return { reparse: (attributes & reparsePoint) !== 0, owner: decodeOwner(bytes), protected: (bytes.readUInt16LE(2) & accessProtected) !== 0 };
}

const noAttributes = 0xffff_ffff;
const reparsePoint = 0x400;
const descriptorSize = 16_384;
const ownerInformation = 0x1;
const accessInformation = 0x4;
const protectedInformation = 0x8000_0000;
const accessProtected = 0x1000;
const fileObject = 1;

function parseDescriptor(text: string): Handle {
  const made: [Pointer] = [null];
  if (!security.parseDescriptor(text, 1, made, null)) throw readFailure("ConvertStringSecurityDescriptorToSecurityDescriptorW");
  return takeMemory("ConvertStringSecurityDescriptorToSecurityDescriptorW", made[0]);
}

/** False when something of that name is there already. New ones have their rights from the first moment. */
function create(path: string, { kind }: Place, descriptor: Handle): boolean {
  // SECURITY_ATTRIBUTES: its length, the descriptor, nothing inherited by children.
  const attributes = encodePointers([24n, descriptor.pointer, 0n]);
  try {
    if (kind === "file") takeHandle("CreateFileW", kernel.createFile(path, writeData, 0, addressOf(attributes), createNew, normalFile, null))[Symbol.dispose]();
    else if (!kernel.createDirectory(path, addressOf(attributes))) throw readFailure("CreateDirectoryW");
    return true;
  } catch (error) {
    if (error instanceof SystemFailure && existsAlready.has(error.number)) return false;
    throw error;
  } finally {
    // The structure lives until here.
    attributes.fill(0);
  }
}

const writeData = 0x4000_0000;
const createNew = 1;
const normalFile = 0x80;
const existsAlready: ReadonlySet<number> = new Set([systemErrors.fileExists, systemErrors.alreadyExists]);

function setAccess(path: string, descriptor: Handle, by: MadeBy): void {
  const [list, owner]: readonly [[Pointer], [Pointer]] = [[null], [null]];
  if (!security.accessList(descriptor.pointer, [0], list, [0])) throw readFailure("GetSecurityDescriptorDacl");
  if (!security.owner(descriptor.pointer, owner, [0])) throw readFailure("GetSecurityDescriptorOwner");
  const what = accessInformation | protectedInformation | (by === "installation" ? ownerInformation : 0);
  const result = security.setNamed(path, fileObject, what, owner[0], null, list[0], null);
  if (result !== 0) throw describeFailure("SetNamedSecurityInfoW", result);
}
