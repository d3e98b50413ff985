import type { Log } from "../host.ts";

/** What the process knows of itself, and tells its platform. */
export interface HostOptions {
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The command line that starts this program without words. */
  readonly self: { readonly file: string; readonly args: readonly string[] };
}

/** The variables that are set. */
export function listVariables(environment: HostOptions["environment"]): readonly (readonly [name: string, value: string])[] {
  return Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
}
