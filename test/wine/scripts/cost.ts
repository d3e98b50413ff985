// Runs inside Wine: what a process takes, in handles and memory. Prints one line of JSON.
import { loadKoffi } from "../../../src/platform/node/koffi.ts";

type Pointer = bigint | null;

const kernel = loadKoffi().load("kernel32.dll");
const openProcess = kernel.func("void *__stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)") as (access: number, inherit: boolean, pid: number) => Pointer;
const currentProcess = kernel.func("void *__stdcall GetCurrentProcess()") as () => Pointer;
const closeHandle = kernel.func("bool __stdcall CloseHandle(void *handle)") as (handle: Pointer) => boolean;
const duplicate = kernel.func("bool __stdcall DuplicateHandle(void *from, void *handle, void *to, _Out_ void **copy, uint32 access, bool inherit, uint32 options)") as (
  from: Pointer, handle: bigint, to: Pointer, copy: [Pointer], ...rest: readonly [access: number, inherit: boolean, options: number]
) => boolean;
const memoryInfo = kernel.func("bool __stdcall K32GetProcessMemoryInfo(void *process, void *counters, uint32 size)") as (process: Pointer, counters: Buffer, size: number) => boolean;

const queryAndDuplicate = 0x1450;
const sameAccess = 2;
// Windows gives the lowest free value; four apart.
const highest = 0x4000n;

const watched = openProcess(queryAndDuplicate, false, Number(process.argv[2]));
const counters = Buffer.alloc(72);
memoryInfo(watched, counters, counters.length);
console.log(JSON.stringify({ handles: countHandles(), bytes: Number(counters.readBigUInt64LE(16)) }));

// GetProcessHandleCount is always 0 in Wine, and its list of all handles never ends: each value is tried.
function countHandles(): number {
  let count = 0;
  for (let handle = 4n; handle < highest; handle += 4n) {
    const copy: [Pointer] = [null];
    if (!duplicate(watched, handle, currentProcess(), copy, 0, false, sameAccess)) continue;
    count += 1;
    closeHandle(copy[0]);
  }
  return count;
}
