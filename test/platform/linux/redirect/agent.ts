// A process inside a network namespace: listens where it is told, says who arrived, and dials on command.
import koffi from "koffi";
import net from "node:net";
import { createInterface } from "node:readline";

interface Order {
  readonly id: number;
  readonly do: "listen" | "dial" | "hold" | "echo" | "storm" | "calm";
  readonly host: string;
  readonly port: number;
}

const libc = koffi.load("libc.so.6");
const getsockopt = libc.func("int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *size)");
const held = new Map<number, net.Socket>();
let storming: AbortController | undefined;
let storm: Promise<Record<string, number>> = Promise.resolve({});

function originalDestination(socket: net.Socket): string {
  const fd = (socket as unknown as { _handle: { fd: number } })._handle.fd;
  const v6 = socket.localFamily === "IPv6" && socket.localAddress?.startsWith("::ffff:") !== true;
  const value = new Uint8Array(28);
  const size = [28];
  if (getsockopt(fd, v6 ? 41 : 0, 80, value, size) !== 0) return "none";
  const view = new DataView(value.buffer);
  const port = view.getUint16(2);
  if (!v6) return `${value.slice(4, 8).join(".")}:${port}`;
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(8 + 2 * index).toString(16));
  return `[${new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)}]:${port}`;
}

function listen(order: Order): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = net.createServer((socket) => {
    const line = `at ${order.port} for ${originalDestination(socket)}`;
    socket.on("error", () => undefined);
    socket.write(`${line}\n`);
    socket.on("data", (data) => socket.write(data));
  });
  server.on("error", reject);
  server.listen({ host: order.host, port: order.port, backlog: 4096 }, () => resolve("listening"));
  return promise;
}

function dial(order: Order, keep: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = net.connect({ host: order.host, port: order.port });
  let text = "";
  socket.setTimeout(3_000, () => { resolve("timeout"); socket.destroy(); });
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket.on("data", (data) => {
    text += data.toString();
    if (!text.endsWith("\n")) return;
    resolve(text.trim());
    if (keep) held.set(order.id, socket.setTimeout(0));
    else socket.destroy();
  });
  socket.on("close", () => resolve(text.trim() || "closed"));
  return promise;
}

// `port` names the held connection.
function echo(order: Order): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = held.get(order.port);
  socket?.once("data", (data) => resolve(data.toString().trim()));
  socket?.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket?.once("close", () => resolve("closed"));
  socket?.write("still here\n");
  return promise;
}

// Four at a time, without a pause, until calm: what each connection met, counted.
async function blow(order: Order, signal: AbortSignal): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const lane = async (): Promise<void> => {
    while (!signal.aborted) {
      const met = await dial(order, false);
      counts[met] = (counts[met] ?? 0) + 1;
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  return counts;
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "listen": return await listen(order);
    case "dial": return await dial(order, false);
    case "hold": return await dial(order, true);
    case "echo": return await echo(order);
    case "storm":
      storming = new AbortController();
      storm = blow(order, storming.signal);
      return "blowing";
    case "calm":
      storming?.abort();
      return await storm;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line) as Order;
  void obey(order).then(
    (got) => process.stdout.write(`${JSON.stringify({ id: order.id, got })}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ id: order.id, got: String(error) })}\n`),
  );
}).on("close", () => process.exit(0));
process.stdout.write(`${JSON.stringify({ id: 0, got: "ready" })}\n`);
