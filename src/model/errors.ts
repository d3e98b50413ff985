import { errorCatalogue, type ErrorCode } from "./error-catalogue.ts";

/** What an error carries besides its code; `doing` completes the sentence "While …". */
export interface ErrorDetails {
  /** What was being done, as a gerund phrase: "reading the config file /etc/x". */
  readonly doing: string;
  /** What happened, as one sentence without a final stop. */
  readonly what: string;
  /** The next step for the reader; the catalogue's remedy when left out. */
  readonly remedy?: string;
  /** What the error is about: a path, an address, a setting as the user wrote it. */
  readonly target?: string;
  readonly cause?: unknown;
}

/** An error that a user can act on: a code of the catalogue, what was done, what happened, what to do next. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: ErrorCode;
  readonly doing: string;
  readonly what: string;
  readonly remedy: string;
  readonly target: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(`${details.doing}: ${details.what}`, { cause: details.cause });
    this.code = code;
    this.doing = details.doing;
    this.what = details.what;
    this.remedy = details.remedy ?? errorCatalogue[code].remedy;
    this.target = details.target;
  }
}

/** True when the value is a MeshError, with that code when one is given. */
export function isMeshError(value: unknown, code?: ErrorCode): value is MeshError {
  return value instanceof MeshError && (code === undefined || value.code === code);
}

/** Several independent problems found in one pass, so that nobody has to fix them one run at a time. */
export class MeshErrors extends Error {
  override readonly name = "MeshErrors";
  readonly errors: readonly MeshError[];

  constructor(errors: readonly MeshError[]) {
    super(errors.map((error) => error.message).join("\n"));
    this.errors = errors;
  }
}
