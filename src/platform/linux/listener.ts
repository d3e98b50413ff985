import { readdir, readFile, readlink } from "node:fs/promises";

/** The process that listens on a TCP port, as far as we may see its file descriptors. */
export async function findListener(port: number, likely?: number): Promise<{ readonly pid: number } | undefined> {
  const inodes = new Set((await Promise.all(["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(readTable))).flatMap((table) => parseListeners(table, port)));
  if (inodes.size === 0) return undefined;
  if (likely !== undefined && (await holdsSocket(String(likely), inodes))) return { pid: likely };
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (await holdsSocket(pid, inodes)) return { pid: Number(pid) };
  }
  return undefined;
}

/** Inodes of the sockets that listen on that port, from the text of /proc/net/tcp or tcp6. */
export function parseListeners(table: string, port: number): readonly string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(ending) === true && state === listening)
    .flatMap((columns) => columns[9] ?? []);
}

const listening = "0A";

async function readTable(path: string): Promise<string> {
  // A kernel without IPv6 has no tcp6.
  return readFile(path, "utf8").catch(() => "");
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  // A process may end while we look, and others' descriptors are not ours to see.
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
  return targets.some((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ""));
}
