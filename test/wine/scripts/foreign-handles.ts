// The handles of another process, inside Wine, where the lists that Windows has of them are empty or never end: each value is tried.
import { loadKoffi } from "../../../src/platform/node/koffi.ts";

/** A pointer or handle; null is none. */
export type Pointer = bigint | null;

const kernel = loadKoffi().load("kernel32.dll");
const openProcess = kernel.func("void *__stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)") as (access: number, inherit: boolean, pid: number) => Pointer;
const closeHandle = kernel.func("bool __stdcall CloseHandle(void *handle)") as (handle: Pointer) => boolean;
const duplicate = kernel.func("bool __stdcall DuplicateHandle(void *from, void *handle, void *to, _Out_ void **copy, uint32 access, bool inherit, uint32 options)") as (
  from: Pointer, handle: bigint, to: bigint, copy: [Pointer], ...rest: readonly [access: number, inherit: boolean, options: number]
) => boolean;

const queryReadAndDuplicate = 0x1450;
const ownProcess = -1n;
const sameAccess = 2;

/** Values that handles have: Windows gives the lowest free one, four apart. */
export const handleValues: readonly bigint[] = Array.from({ length: 0x1000 }, (_, index) => BigInt(4 * (index + 1)));

/** Opens a process, for its handles and its memory's figures. */
export function openOther(pid: number): Pointer {
  return openProcess(queryReadAndDuplicate, false, pid);
}

/** What is seen of a handle of a process by a copy of it; undefined where it has no such handle. */
export function lookAtHandle<T>(process: Pointer, value: bigint, look: (copy: Pointer) => T): T | undefined {
  const copy: [Pointer] = [null];
  if (!duplicate(process, value, ownProcess, copy, 0, false, sameAccess)) return undefined;
  try {
    return look(copy[0]);
  } finally {
    closeHandle(copy[0]);
  }
}
