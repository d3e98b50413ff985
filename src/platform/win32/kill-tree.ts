import type { Processes } from "../host.ts";

/** Longer than it takes; the program itself is killed afterwards in any case. */
const patience = 2000;

/** Ends a running process with everything that it and its descendants started, as far as Windows knows who started whom. */
export async function killTree(processes: Processes, systemRoot: string, pid: number): Promise<void> {
  const spec = { file: `${systemRoot}\\System32\\taskkill.exe`, args: ["/T", "/F", "/PID", String(pid)], environment: { SystemRoot: systemRoot } };
  await processes.run(spec, AbortSignal.timeout(patience)).catch(() => undefined);
}
