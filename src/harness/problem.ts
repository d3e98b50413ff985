import { isMeshError, type MeshError } from "../model/errors.ts";

/** An error as status and log show it. */
export interface Problem {
  readonly code: string;
  readonly doing: string;
  readonly what: string;
  readonly remedy: string;
}

/** The problem behind an error, whatever was thrown. */
export function describeProblem(error: unknown): Problem {
  if (isMeshError(error)) return describeMeshError(error);
  const what = error instanceof Error ? error.message : String(error);
  return { code: "INTERNAL", doing: "running", what, remedy: "Please report it with the log." };
}

function describeMeshError({ code, doing, what, remedy }: MeshError): Problem {
  return { code, doing, what, remedy };
}
