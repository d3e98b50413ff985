import { MeshError } from "../../model/errors.ts";
import type { RegistryValues } from "../../model/settings/sources.ts";
import type { Host } from "../host.ts";
import { registry, type Pointer } from "./ffi.ts";
import { describeFailure, SystemFailure, systemErrors } from "./system-failure.ts";

const policyPath = "SOFTWARE\\Policies\\Buoyant\\Linkerd";
const machinePath = "SOFTWARE\\Buoyant\\Linkerd";

/** The settings in the registry: those of the policy, and those of the machine. */
export async function readSettings(): ReturnType<Host["registry"]> {
  const [policy, machine] = [readKey(policyPath), readKey(machinePath)];
  return await Promise.resolve({ ...(policy && { policy }), ...(machine && { registry: machine }) });
}

/** The values of a key of HKEY_LOCAL_MACHINE as text; undefined when there is no such key. */
export function readKey(path: string): RegistryValues | undefined {
  const full = `HKLM\\${path}`;
  try {
    using key = openKey(path);
    return key && { path: full, values: Object.fromEntries(listValues(key.pointer)) };
  } catch (cause) {
    if (!(cause instanceof SystemFailure)) throw cause;
    throw new MeshError("FILE_FAILED", { doing: `reading the registry key ${full}`, what: cause.words, target: full, cause });
  }
}

const localMachine = 0xffff_ffff_8000_0002n;
const success = 0;
const queryValue = 0x1;
// The 64-bit view, whatever program asks: the installer writes there.
const view64 = 0x100;

function openKey(path: string): (Disposable & { readonly pointer: Pointer }) | undefined {
  const opened: [Pointer] = [null];
  const result = registry.open(localMachine, path, 0, queryValue | view64, opened);
  if (result === systemErrors.fileNotFound || result === systemErrors.pathNotFound) return undefined;
  if (result !== success) throw describeFailure("RegOpenKeyExW", result);
  const [pointer] = opened;
  return { pointer, [Symbol.dispose]: () => void registry.close(pointer) };
}

function* listValues(key: Pointer): Generator<readonly [name: string, text: string]> {
  const name = Buffer.alloc(longestName * 2);
  const data = Buffer.alloc(longestValue);
  for (let index = 0; ; index += 1) {
    const nameLength: [number] = [longestName];
    const type: [number] = [0];
    const size: [number] = [data.length];
    const result = registry.value(key, index, name, nameLength, null, type, data, size);
    if (result === systemErrors.noMoreItems) return;
    if (result !== success) throw describeFailure("RegEnumValueW", result);
    const text = decodeValue(type[0], data.subarray(0, size[0]));
    if (text !== undefined) yield [name.toString("utf16le", 0, nameLength[0] * 2), text];
  }
}

// The registry's own limits; a value of ours that is longer is none.
const longestName = 16_384;
const longestValue = 65_536;

/** A value as the text of a setting: texts as they are, several joined by commas, numbers in decimal; undefined for other types. */
export function decodeValue(type: number, data: Buffer): string | undefined {
  switch (type) {
    case 1:
    case 2: return cutAtZero(data.toString("utf16le"));
    case 4: return data.length === 4 ? String(data.readUInt32LE()) : undefined;
    case 7: return data.toString("utf16le").split("\0").filter((text) => text !== "").join(",");
    case 11: return data.length === 8 ? String(data.readBigUInt64LE()) : undefined;
    default: return undefined;
  }
}

function cutAtZero(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
