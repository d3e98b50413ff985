import type { Host, Log } from "../platform/host.ts";

/** Where text goes. */
export interface Sink {
  write(text: string): void;
  readonly isTerminal: boolean;
}

/** The process around the command line: what main.ts knows and the rest of the program does not. */
export interface Terminal {
  /** The words after the program's name. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Aborted when the command shall stop. */
  readonly signal: AbortSignal;
  /** Rejects with an error that nobody caught: the process is at its end. */
  readonly crash: Promise<never>;
  /** From now on the end of stdin aborts the signal. */
  stopAtInputEnd(): void;
  /** Loads the platform of this machine, whose log goes to `log`. */
  loadHost(log: Log): Promise<Host>;
}

/** Why a running command is asked to stop; the reason with which the terminal's signal aborts. */
export type StopCause = "SIGINT" | "SIGTERM" | "end of input" | "nobody reads the output";

/** The reason carried by the terminal's signal. */
export class Stopped extends Error {
  override readonly name = "AbortError";
  readonly by: StopCause;

  constructor(by: StopCause) {
    super(`stopped by ${by}`);
    this.by = by;
  }
}
