import { MeshError } from "../../model/errors.ts";

/** What a file could not be used for, as an error for users. */
export function explainFileFailure(path: string, doing: string, cause: unknown): MeshError {
  const full = ["ENOSPC", "EDQUOT"].includes(fileErrorCode(cause));
  const what = cause instanceof Error ? cause.message : String(cause);
  return new MeshError(full ? "DISK_FULL" : "FILE_FAILED", { doing: `${doing} ${path}`, what, target: path, cause });
}

/** The system's name of an error, such as ENOENT; empty where there is none. */
export function fileErrorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
