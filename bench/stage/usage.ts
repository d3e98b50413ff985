import { readdir, readFile } from "node:fs/promises";

/** Resident memory of a process in MiB. */
export async function readResidentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1]) / 1024;
}

/** CPU that a process used so far, in milliseconds. The scheduler counts it in ns; utime and stime are ticks of 10 ms, more than an idle Node uses. */
export async function readProcessorTime(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lines = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8")));
  return lines.reduce((sum, line) => sum + Number(line.split(" ")[0]) / 1e6, 0);
}
