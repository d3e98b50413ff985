import { hostname } from "node:os";
import type { Processes } from "../host.ts";

/** Long enough for a machine that is starting up. */
const patience = 5000;

/** Windows' own identifier of the installation, made anew when an image is generalised; the host name where it cannot be read. */
export async function readMachineId(processes: Processes, systemRoot: string): Promise<string> {
  const args = ["query", "HKLM\\SOFTWARE\\Microsoft\\Cryptography", "/v", "MachineGuid", "/reg:64"];
  const spec = { file: `${systemRoot}\\System32\\reg.exe`, args, environment: { SystemRoot: systemRoot } };
  const found = await processes.run(spec, AbortSignal.timeout(patience)).catch(() => undefined);
  return parseMachineGuid(found?.stdout ?? "") ?? hostname();
}

/** The value in what `reg query` prints. */
export function parseMachineGuid(text: string): string | undefined {
  return /^\s*MachineGuid\s+REG_SZ\s+(\S+)\s*$/mu.exec(text)?.[1];
}
