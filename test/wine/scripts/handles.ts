// Runs inside Wine: holds what the harness holds, starts a program as it does, and tells which handles that has of ours. One line of JSON.
import { once } from "node:events";
import { openSync } from "node:fs";
import { createServer } from "node:net";
import { loadKoffi } from "../../../src/platform/node/koffi.ts";
import { createWindowsHost } from "../../../src/platform/win32/host.ts";
import { silentLog } from "../../fakes/silent-log.ts";
import { handleValues, lookAtHandle, openOther, type Pointer } from "./foreign-handles.ts";

const koffi = loadKoffi();
const kernel = koffi.load("kernel32.dll");
const readFlags = kernel.func("bool __stdcall GetHandleInformation(void *handle, _Out_ uint32 *flags)") as (handle: bigint, flags: [number]) => boolean;
const setFlags = kernel.func("bool __stdcall SetHandleInformation(void *handle, uint32 mask, uint32 flags)") as (handle: bigint, mask: number, flags: number) => boolean;
const areSame = koffi.load("kernelbase.dll").func("bool __stdcall CompareObjectHandles(void *a, void *b)") as (a: bigint, b: Pointer) => boolean;
const queryObject = koffi.load("ntdll.dll").func("int32 __stdcall NtQueryObject(void *handle, int32 kind, _Out_ uint8 *bytes, uint32 size, void *length)") as (
  handle: bigint, kind: number, bytes: Buffer, size: number, length: null
) => number;

const inheritable = 1;
const typeInformation = 2;
const fixedPart = 0x68;
// Things with names that every program opens for itself when it starts.
const everybodys = new Set(["Desktop", "Directory", "Key", "Mutant", "Semaphore", "WindowStation"]);

const host = createWindowsHost({ log: silentLog, environment: process.env, self: { file: process.execPath, args: [] } });
await using lock = await host.files.lock("C:\\held.lock");
openSync("C:\\held.log", "a");
for (const place of [{ port: 0, host: "127.0.0.1" }, { path: "\\\\.\\pipe\\linkerd-mesh-test-held" }]) await once(createServer().listen(place), "listening");
const children = [await startChild(), await startChild()];
const shared = children.map(listShared);
const left = handleValues.filter(isInheritable).map(Number);
// Proves that a handle which is left to children would be seen.
const sample = handleValues.find((value) => typeOf(value) === "File") ?? 0n;
setFlags(sample, inheritable, inheritable);
children.push(await startChild());
console.log(JSON.stringify({ locked: lock !== undefined, left, shared, sample: Number(sample), sharedThen: listShared(children.at(-1) ?? 0) }));
process.exit(0);

async function startChild(): Promise<number> {
  const { promise: said, resolve } = Promise.withResolvers<void>();
  const child = await host.processes.spawn({ file: process.execPath, args: ["-e", "console.log(); setInterval(() => undefined, 1000)"], environment: {}, onLine: () => resolve() });
  await said;
  return child.pid;
}

function isInheritable(value: bigint): boolean {
  const flags: [number] = [0];
  return readFlags(value, flags) && (flags[0] & inheritable) !== 0;
}

/** The handles of ours that a process has under the same value for the same thing, as one has that inherited them. */
function listShared(pid: number): readonly number[] {
  const other = openOther(pid);
  const own = handleValues.filter((value) => readFlags(value, [0]) && !everybodys.has(typeOf(value)));
  return own.filter((value) => lookAtHandle(other, value, (copy) => areSame(value, copy))).map(Number);
}

function typeOf(value: bigint): string {
  const bytes = Buffer.alloc(1024);
  if (queryObject(value, typeInformation, bytes, bytes.length, null) !== 0) return "none";
  // A UNICODE_STRING, whose text follows the fixed part.
  return bytes.toString("utf16le", fixedPart, fixedPart + bytes.readUInt16LE(0));
}
