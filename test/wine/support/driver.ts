// Runs as node.exe inside Wine for the length of a suite: starts programs as it is told over one connection of loopback,
// and keeps the wineserver with its services alive meanwhile. A program started from Linux would have no usable pipes.
import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Order, Tale } from "./driver-messages.ts";

const [portFile = "", token = ""] = process.argv.slice(2);
const children = new Map<number, ChildProcess>();

const server = createServer((socket) => {
  socket.on("error", () => undefined);
  const lines = createInterface({ input: socket });
  lines.once("line", (first) => {
    if (first !== token) return void socket.destroy();
    lines.on("line", (line) => obey(JSON.parse(line) as Order, socket));
    return void socket.on("close", () => process.exit());
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") writeFileSync(portFile, String(address.port));
});

function obey(order: Order, socket: Socket): void {
  const child = children.get(order.id);
  if (order.do === "start") return start(order, (tale) => void socket.write(`${JSON.stringify(tale)}\n`));
  if (order.do === "write") return void child?.stdin?.write(order.text);
  if (order.do === "end") return void child?.stdin?.end();
  child?.kill();
}

function start(order: Order & { readonly do: "start" }, tell: (tale: Tale) => void): void {
  const { id, file, args, environment, folder } = order;
  const child = spawn(file, [...args], { env: { ...inherited(environment), ...environment }, cwd: folder, windowsHide: true });
  children.set(id, child);
  child.stdin.on("error", () => undefined);
  child.on("spawn", () => tell({ id, what: "started", pid: child.pid ?? 0 }));
  child.on("error", ({ message }) => tell({ id, what: "failed", message }));
  for (const stream of ["stdout", "stderr"] as const) child[stream].setEncoding("utf8").on("data", (text: string) => tell({ id, what: stream, text }));
  child.on("close", (code) => {
    children.delete(id);
    tell({ id, what: "ended", code: code ?? -1 });
  });
}

// To Windows, `Path` and `PATH` are the same variable.
function inherited(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const names = new Set(Object.keys(given).map((name) => name.toUpperCase()));
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.has(name.toUpperCase())));
}
