import type { ErrorCode } from "../model/error-catalogue.ts";
import { isMeshError, type MeshError } from "../model/errors.ts";
import type { Log, LogLevel } from "../platform/host.ts";

/** An error as status and log show it. */
export interface Problem {
  readonly code: ErrorCode;
  readonly doing: string;
  readonly what: string;
  readonly remedy: string;
}

/** Puts a problem into the log, with what to do about it. */
export function writeProblem(log: Log, level: LogLevel, { code, doing, what, remedy }: Problem): void {
  log.write(level, `${doing}: ${what}`, { code, remedy });
}

/** The problem behind an error, whatever was thrown. */
export function describeProblem(error: unknown): Problem {
  if (isMeshError(error)) return describeMeshError(error);
  const what = error instanceof Error ? error.message : String(error);
  return { code: "INTERNAL", doing: "running", what, remedy: "Please report it with the log." };
}

/** Why a connection or call failed. A name with several addresses fails once for each, with a message of its own that is empty. */
export function renderCause(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return [...new Set(error.errors.map(renderCause))].join(", ");
  return error instanceof Error ? error.message : String(error);
}

function describeMeshError({ code, doing, what, remedy }: MeshError): Problem {
  return { code, doing, what, remedy };
}
