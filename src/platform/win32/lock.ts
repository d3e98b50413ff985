import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { MeshError } from "../../model/errors.ts";

/**
 * Locks a path by owning the pipe that is named after it: Windows gives the first instance of a name to one process and
 * takes it back when that process ends, however it ends. Undefined when somebody else holds it.
 */
export async function lockByPipe(path: string, addressOf: (name: string) => string = pipeAddress): Promise<AsyncDisposable | undefined> {
  const name = `linkerd-mesh-lock-${createHash("sha256").update(path.toLowerCase()).digest("hex")}`;
  // Nobody has anything to say to a lock.
  const server = createServer((socket) => void socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
  server.listen(addressOf(name), () => resolve(true)).unref();
  try {
    if (!(await promise)) return undefined;
  } catch (cause) {
    throw new MeshError("FILE_FAILED", { doing: `locking ${path}`, what: String(cause), target: path, cause });
  }
  return { [Symbol.asyncDispose]: () => new Promise((done) => void server.close(() => done())) };
}

function pipeAddress(name: string): string {
  return `\\\\.\\pipe\\${name}`;
}
