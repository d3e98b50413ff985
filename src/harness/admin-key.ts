import { randomBytes, timingSafeEqual } from "node:crypto";
import { isMeshError } from "../model/errors.ts";
import type { Host } from "../platform/host.ts";

/** Where a running harness keeps the key that proves that whoever asks may read its state folder. */
export function adminKeyPath(stateDir: string): string {
  return `${stateDir}/admin.key`;
}

/** The key of one harness's life; the file goes with its disposal. */
export interface AdminKey extends AsyncDisposable {
  /** True for the words of an `authorization` header that carry the key. */
  isProvenBy(authorization: string | undefined): boolean;
}

/** Makes the key of this life; on a full disk there is none, and nobody can prove anything. */
export async function openAdminKey({ files, log }: Pick<Host, "files" | "log">, stateDir: string): Promise<AdminKey> {
  const path = adminKeyPath(stateDir);
  const key = randomBytes(32).toString("hex");
  try {
    await files.writeAtomic(path, `${key}\n`, { mode: 0o600 });
  } catch (error) {
    if (!isMeshError(error)) throw error;
    log.write("warn", error.message, { code: error.code, remedy: error.remedy });
  }
  const wanted = Buffer.from(`Bearer ${key}`);
  return {
    isProvenBy: (authorization) => {
      const given = Buffer.from(authorization ?? "");
      return given.length === wanted.length && timingSafeEqual(given, wanted);
    },
    [Symbol.asyncDispose]: () => files.remove(path),
  };
}
