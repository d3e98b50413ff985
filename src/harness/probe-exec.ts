import type { ProbeAction } from "../model/external-group.ts";
import { renderInherited } from "../model/proxy-environment.ts";
import type { Host } from "../platform/host.ts";
import { renderLine } from "./render-line.ts";

/** A probe by a program. */
export type ExecCheck = Extract<ProbeAction, { kind: "exec" }>;

// A first line is looked for in so much of each output; kubelet keeps as much.
const mostOutput = 10 * 1024;

/**
 * Why the program did not end with exit code 0; undefined when it did. It runs as the harness's account but without its
 * rights, without a shell, with few variables and no input; what it started ends with it, and all of it with the signal.
 */
export async function probeExec({ os, environment, processes }: Host, { command: [file = "", ...args] }: ExecCheck, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const exit = await processes.run({ file, args, environment: renderInherited(os, environment), dropRights: true, family: true, keep: mostOutput }, signal);
  if (exit.code === 0) return undefined;
  const line = renderLine(exit.stdout) || renderLine(exit.stderr);
  return `${exit.signal ?? `exit code ${exit.code}`}${line === "" ? "" : `: ${line}`}`;
}
