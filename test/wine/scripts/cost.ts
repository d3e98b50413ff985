// Runs inside Wine: what a process takes, in handles and memory. Prints one line of JSON.
import { loadKoffi } from "../../../src/platform/node/koffi.ts";

const kernel = loadKoffi().load("kernel32.dll");
const openProcess = kernel.func("void *__stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)") as (access: number, inherit: boolean, pid: number) => bigint;
const handleCount = kernel.func("bool __stdcall GetProcessHandleCount(void *process, _Out_ uint32 *count)") as (process: bigint, count: [number]) => boolean;
const memoryInfo = kernel.func("bool __stdcall K32GetProcessMemoryInfo(void *process, void *counters, uint32 size)") as (process: bigint, counters: Buffer, size: number) => boolean;

const process_ = openProcess(0x1410, false, Number(process.argv[2]));
const count: [number] = [0];
const counters = Buffer.alloc(72);
const ok = handleCount(process_, count) && memoryInfo(process_, counters, counters.length);
console.log(JSON.stringify(ok ? { handles: count[0], bytes: Number(counters.readBigUInt64LE(16)) } : null));
