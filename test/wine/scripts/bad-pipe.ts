// Runs inside Wine: holds a pipe that is no SPIRE agent's, until it is killed.
import { once } from "node:events";
import { createServer } from "node:net";
import { loadKoffi } from "../../../src/platform/node/koffi.ts";

const kernel = loadKoffi().load("kernel32.dll");
const createPipe = kernel.func("void *__stdcall CreateNamedPipeW(str16 name, uint32 access, uint32 mode, uint32 instances, uint32 out, uint32 in, uint32 wait, void *security)");
const createFile = kernel.func("void *__stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 disposition, uint32 flags, void *template)");

const [kind = ""] = process.argv.slice(2);
const path = `\\\\.\\pipe\\linkerd-mesh-bad-${kind}`;

if (kind === "wrong") {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  server.listen(path);
  await once(server, "listening");
} else {
  // Whose server only writes, a client may not write to: access denied, whatever the access list says.
  createPipe(path, kind === "denied" ? 2 : 3, 0, 1, 512, 512, 0, null);
  if (kind === "busy") createFile(path, 0xc000_0000, 0, null, 3, 0, null);
}
console.log("open");
setInterval(() => undefined, 1000);
