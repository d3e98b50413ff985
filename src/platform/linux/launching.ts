import type { Family, ResolvedSpec } from "../node/processes.ts";

/**
 * The command line that makes a child die with us (also when we are killed) and, where told so, lose every capability
 * and the way back to one. `setpriv` replaces itself by the program, so that the process id stays the child's.
 */
export function wrapChild(setpriv: string | undefined, spec: ResolvedSpec): { readonly file: string; readonly args: readonly string[] } {
  if (setpriv === undefined) return spec;
  const rights = spec.dropRights === true ? ["--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"] : [];
  return { file: setpriv, args: ["--pdeathsig=KILL", ...rights, "--", spec.file, ...spec.args] };
}

/** A program leads a process group, which outlives it while it has members. */
export const processGroup: Family = {
  group: true,
  kill: (leader) => Promise.resolve(leader).then((pid) => void process.kill(-pid, "SIGKILL")).catch(ignoreGone),
};

// ESRCH: no member is left. EPERM: those that are left are not ours to end.
function ignoreGone(error: NodeJS.ErrnoException): void {
  if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
}
