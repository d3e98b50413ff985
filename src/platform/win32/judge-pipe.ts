import type { PipeProblem } from "../host.ts";

/** What was seen of a pipe before it is used. */
export type PipeFacts =
  /** Opening it failed with that error number. */
  | { readonly opened: false; readonly number: number; readonly words: string }
  | {
    readonly opened: true;
    /** The process that serves our end. */
    readonly pid: number;
    /** Who that process is; undefined when we may not know. */
    readonly server: { readonly user: string; readonly administrator: boolean } | undefined;
    /** Who made the pipe. */
    readonly owner: string | undefined;
  };

/** What the judgement rests on besides. */
export interface PipeExpectations {
  /** The process of SPIRE's service; undefined when it has none that runs. */
  readonly spirePid: number | undefined;
  /** Who we are ourselves. */
  readonly self: string;
  /** SYSTEM and Administrators. */
  readonly trusted: readonly string[];
  readonly spireService: string;
}

const notFound: ReadonlySet<number> = new Set([2, 3]);
const accessDenied = 5;
const pipeBusy = 231;

/**
 * Why a pipe is not to be used; undefined when it may be. Whoever serves it learns our identity's key, so it must be SPIRE's
 * own service, or somebody who has all rights here anyway, or ourselves.
 */
export function judgePipe(seen: PipeFacts, expected: PipeExpectations): PipeProblem | undefined {
  if (!seen.opened) return judgeFailure(seen);
  if (seen.pid === expected.spirePid) return undefined;
  const trusted = [...expected.trusted, expected.self];
  if (seen.server !== undefined) {
    if (seen.server.administrator || trusted.includes(seen.server.user)) return undefined;
    return untrusted(seen.pid, `${seen.server.user}, who is neither SYSTEM nor an administrator`, expected);
  }
  if (seen.owner !== undefined && trusted.includes(seen.owner)) return undefined;
  return untrusted(seen.pid, `an account that we may not see, and the pipe was made by ${seen.owner ?? "nobody known"}`, expected);
}

function judgeFailure({ number, words }: Extract<PipeFacts, { opened: false }>): PipeProblem {
  if (notFound.has(number)) return { state: "missing", what: "there is no such pipe" };
  if (number === accessDenied) return { state: "denied", what: "the pipe is not open to this account: SPIRE's agent refuses network logons and accounts that its pipe does not name" };
  if (number === pipeBusy) return { state: "busy", what: "every instance of the pipe is in use" };
  return { state: "failed", what: `the pipe cannot be opened: ${words}` };
}

function untrusted(pid: number, who: string, { spirePid, spireService }: PipeExpectations): PipeProblem {
  const service = spirePid === undefined ? `the service ${spireService} does not run` : `the service ${spireService} is process ${spirePid}`;
  return { state: "untrusted", what: `the pipe is served by process ${pid} of ${who}; ${service}` };
}
