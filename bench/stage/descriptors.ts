import { readFile } from "node:fs/promises";

/** Why so many connections cannot be held by this process; undefined when they can. Node itself raises its limit to the hard one. */
export async function obstacleToConnections(count: number): Promise<string | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const open = Number(/^Max open files +(\d+)/mu.exec(limits)?.[1] ?? Infinity);
  const needed = count + 100;
  return open < needed ? `a process may open ${open} files here, and ${needed} are needed (ulimit -n)` : undefined;
}
