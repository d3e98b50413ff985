// Runs inside Wine: what a process takes, in handles and memory. Prints one line of JSON.
import { loadKoffi } from "../../../src/platform/node/koffi.ts";
import { handleValues, lookAtHandle, openOther, type Pointer } from "./foreign-handles.ts";

const kernel = loadKoffi().load("kernel32.dll");
const memoryInfo = kernel.func("bool __stdcall K32GetProcessMemoryInfo(void *process, void *counters, uint32 size)") as (process: Pointer, counters: Buffer, size: number) => boolean;

const watched = openOther(Number(process.argv[2]));
const counters = Buffer.alloc(72);
memoryInfo(watched, counters, counters.length);
// GetProcessHandleCount is always 0 in Wine.
const handles = handleValues.filter((value) => lookAtHandle(watched, value, () => true)).length;
console.log(JSON.stringify({ handles, bytes: Number(counters.readBigUInt64LE(16)) }));
