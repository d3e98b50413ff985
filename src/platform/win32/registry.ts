import { MeshError } from "../../model/errors.ts";
import type { RegistryValues } from "../../model/settings/sources.ts";
import type { Registry } from "../host.ts";
import { registry, type Pointer } from "./ffi.ts";
import { decodeValue, encodeValue, registryTypes } from "./registry-values.ts";
import { describeFailure, SystemFailure, systemErrors } from "./system-failure.ts";

const policyPath = "SOFTWARE\\Policies\\Buoyant\\Linkerd";
const machinePath = "SOFTWARE\\Buoyant\\Linkerd";

/** The calls of the system, so that a test can answer them. */
export type RegistryCalls = typeof registry & { readonly describe: (call: string, number: number) => SystemFailure };

/** The settings in the registry: those of the policy, and those of the machine. */
export function windowsRegistry(calls: RegistryCalls = { ...registry, describe: describeFailure }): Registry {
  return {
    path: render(machinePath),
    read: async () => {
      const [policy, machine] = [policyPath, machinePath].map((path) => act("reading", path, () => readKey(calls, path)));
      return await Promise.resolve({ ...(policy && { policy }), ...(machine && { registry: machine }) });
    },
    write: async (name, text) => {
      await Promise.resolve(act("changing", machinePath, () => (text === undefined ? removeValue(calls, name) : writeValue(calls, name, text))));
    },
  };
}

function act<T>(doing: "reading" | "changing", path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (!(cause instanceof SystemFailure)) throw cause;
    const facts = { doing: `${doing} the registry key ${render(path)}`, what: `${cause.call} failed: ${cause.words}`, target: render(path), cause };
    if (cause.number !== systemErrors.accessDenied) throw new MeshError("REGISTRY_FAILED", facts);
    throw new MeshError("REGISTRY_DENIED", { ...facts, remedy: remedies[doing] });
  }
}

const remedies = {
  reading: "Give this account the right to read the key (KEY_READ), which everybody has on keys of HKLM\\SOFTWARE unless somebody took it away",
  changing: "Run the command again in a terminal that was opened as administrator",
} as const;

function render(path: string): string {
  return `HKLM\\${path}`;
}

function readKey(calls: RegistryCalls, path: string): RegistryValues | undefined {
  using key = openKey(calls, path, access.query);
  if (key === undefined) return undefined;
  const values = new Map<string, string>();
  const troubles = new Map<string, string>();
  for (const { name, type, data } of listValues(calls, key)) {
    const value = decodeValue(type, data);
    if ("trouble" in value) troubles.set(name, value.trouble);
    else values.set(name, value.expand ? expand(calls, value.text) : value.text);
  }
  return { path: render(path), values: Object.fromEntries(values), ...(troubles.size > 0 && { troubles: Object.fromEntries(troubles) }) };
}

function writeValue(calls: RegistryCalls, name: string, text: string): void {
  using key = createKey(calls, machinePath);
  const data = encodeValue(text);
  check(calls, "RegSetValueExW", calls.setValue(key.pointer, name, 0, registryTypes.text, data, data.length));
}

function removeValue(calls: RegistryCalls, name: string): void {
  using key = openKey(calls, machinePath, access.set);
  if (key === undefined) return;
  const result = calls.deleteValue(key.pointer, name);
  if (result !== systemErrors.fileNotFound) check(calls, "RegDeleteValueW", result);
}

const localMachine = 0xffff_ffff_8000_0002n;
const success = 0;
// The 64-bit view, whatever program asks: the installer writes there.
const view64 = 0x100;
const access = { query: 0x1 | view64, set: 0x2 | view64 } as const;

type Key = Disposable & { readonly pointer: Pointer };

function openKey(calls: RegistryCalls, path: string, rights: number): Key | undefined {
  const opened: [Pointer] = [null];
  const result = calls.open(localMachine, path, 0, rights, opened);
  if (result === systemErrors.fileNotFound || result === systemErrors.pathNotFound) return undefined;
  check(calls, "RegOpenKeyExW", result);
  return takeKey(calls, opened[0]);
}

// A key that is new has the rights of HKLM\SOFTWARE: administrators and the system write it, everybody reads it.
function createKey(calls: RegistryCalls, path: string): Key {
  const opened: [Pointer] = [null];
  check(calls, "RegCreateKeyExW", calls.create(localMachine, path, 0, null, 0, access.set, null, opened, null));
  return takeKey(calls, opened[0]);
}

function takeKey(calls: RegistryCalls, pointer: Pointer): Key {
  return { pointer, [Symbol.dispose]: () => void calls.close(pointer) };
}

function check(calls: RegistryCalls, call: string, result: number): void {
  if (result !== success) throw calls.describe(call, result);
}

function* listValues(calls: RegistryCalls, key: Key): Generator<{ readonly name: string; readonly type: number; readonly data: Buffer }> {
  const name = Buffer.alloc(longestName * 2);
  let data = Buffer.alloc(usualValue);
  for (let index = 0; ; ) {
    const nameLength: [number] = [longestName];
    const type: [number] = [0];
    const size: [number] = [data.length];
    const result = calls.value(key.pointer, index, name, nameLength, null, type, data, size);
    if (result === systemErrors.noMoreItems) return;
    if (result === systemErrors.moreData && size[0] > data.length) {
      data = Buffer.alloc(size[0]);
      continue;
    }
    check(calls, "RegEnumValueW", result);
    yield { name: name.toString("utf16le", 0, nameLength[0] * 2), type: type[0], data: data.subarray(0, size[0]) };
    index += 1;
  }
}

// The registry's own limit for names; values have none.
const longestName = 16_384;
const usualValue = 4096;

function expand(calls: RegistryCalls, text: string): string {
  const room = calls.expand(text, Buffer.alloc(0), 0);
  const filled = Buffer.alloc(room * 2);
  const length = calls.expand(text, filled, room);
  if (length === 0 || length > room) throw calls.describe("ExpandEnvironmentStringsW", systemErrors.insufficientBuffer);
  return filled.toString("utf16le", 0, (length - 1) * 2);
}
