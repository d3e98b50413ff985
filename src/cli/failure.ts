import { errorCatalogue, type ErrorEntry } from "../model/error-catalogue.ts";
import { MeshError, MeshErrors } from "../model/errors.ts";
import { Stopped } from "./terminal.ts";

/** Codes with which the program ends: those of the catalogue, and 0. */
export type ExitCode = 0 | ErrorEntry["exit"];

/** Everything that a failure says, as errors of the catalogue: several for MeshErrors, INTERNAL for what nobody foresaw. */
export function toErrors(failure: unknown, doing: string): readonly MeshError[] {
  if (failure instanceof MeshErrors) return failure.errors;
  if (failure instanceof MeshError) return [failure];
  if (failure instanceof Stopped) return failure.by === "nobody reads the output" ? [] : [interrupted(failure, doing)];
  const what = failure instanceof Error ? failure.message : String(failure);
  return [new MeshError("INTERNAL", { doing, what: what === "" ? "an error without a message" : what, cause: failure })];
}

/** The exit code of the gravest error; 0 when there is none. */
export function exitCodeOf(errors: readonly MeshError[]): ExitCode {
  return errors.map(({ code }) => errorCatalogue[code].exit).reduce<ExitCode>((worst, exit) => (exit > worst ? exit : worst), 0);
}

function interrupted(failure: Stopped, doing: string): MeshError {
  return new MeshError("INTERRUPTED", { doing, what: `it was stopped by ${failure.by} before it was finished`, cause: failure });
}
