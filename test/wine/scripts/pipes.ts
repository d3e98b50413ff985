// Runs inside Wine: makes pipes of every kind and tells how the product sees them. Prints one line of JSON.
import { once } from "node:events";
import { createServer } from "node:net";
import { loadKoffi } from "../../../src/platform/node/koffi.ts";
import { lookAtPipe, probePipe } from "../../../src/platform/win32/pipes.ts";
import { readOwnToken, readProcessToken } from "../../../src/platform/win32/tokens.ts";

const kernel = loadKoffi().load("kernel32.dll");
const createPipe = kernel.func("void *__stdcall CreateNamedPipeW(str16 name, uint32 access, uint32 mode, uint32 instances, uint32 out, uint32 in, uint32 wait, void *security)");
const createFile = kernel.func("void *__stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 disposition, uint32 flags, void *template)");

const duplex = 3;
const outbound = 2;
const readWrite = 0xc000_0000;
const pipe = (name: string): string => `\\\\.\\pipe\\linkerd-mesh-test-${name}`;

const server = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.end();
});
server.listen(pipe("served"));
await once(server, "listening");

createPipe(pipe("busy"), duplex, 0, 1, 512, 512, 0, null);
createFile(pipe("busy"), readWrite, 0, null, 3, 0, null);
// Who may only read what the server writes is denied the rest.
createPipe(pipe("denied"), outbound, 0, 1, 512, 512, 0, null);

const began = performance.now();
const problems = Object.fromEntries(await Promise.all(["missing", "served", "busy", "denied"].map(async (name) => [name, (await probePipe(pipe(name), "spire-agent")) ?? null])));
const milliseconds = performance.now() - began;
const seen = lookAtPipe(pipe("served"));
const numbers = Object.fromEntries(["missing", "busy", "denied"].map((name) => {
  const facts = lookAtPipe(pipe(name));
  return [name, facts.opened ? 0 : facts.number];
}));
console.log(JSON.stringify({ problems, milliseconds, numbers, seen, pid: process.pid, own: readOwnToken(), nobody: readProcessToken(999_999) ?? null }));
process.exit(0);
