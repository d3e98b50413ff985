import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type koffi from "koffi";
import { MeshError } from "../../model/errors.ts";

/** Name and SHA-256 of the file that belongs beside this executable; the build writes them here. */
declare const KOFFI_FILE: string;
declare const KOFFI_HASH: string;

/**
 * Loads the library for foreign functions in the executable: only the file beside it, and only the one it was built with.
 * koffi's own loader is left out of the executable: it looks for code in folders that any user may create.
 */
export function loadKoffi(): typeof koffi {
  const path = join(dirname(process.execPath), KOFFI_FILE);
  judgeHash(path, readFileOf(path));
  const loaded = { exports: {} };
  try {
    process.dlopen(loaded, path);
  } catch (cause) {
    throw refusal(path, cause instanceof Error ? cause.message : String(cause));
  }
  return loaded.exports as typeof koffi;
}

function readFileOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw refusal(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function judgeHash(path: string, bytes: Uint8Array): void {
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== KOFFI_HASH) throw refusal(path, `it is not the file that this executable was built with (SHA-256 ${found}, not ${KOFFI_HASH})`);
}

function refusal(path: string, what: string): MeshError {
  return new MeshError("INSTALL_DAMAGED", { doing: `loading ${path}`, what, target: path });
}
