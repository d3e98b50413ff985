import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeWineRoot, wineRoot } from "./root.ts";

const source = fileURLToPath(new URL("owner-mode.c", import.meta.url));

/** Compiles owner-mode.c (which says what for) into Wine's root, once, and gives its path in there, for `preload`. */
export async function makeOwnerMode(): Promise<string> {
  await makeWineRoot();
  const name = `owner-mode-${createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16)}.so`;
  if (!existsSync(join(wineRoot, name))) compile(name);
  return `/${name}`;
}

function compile(name: string): void {
  const draft = mkdtempSync(join(wineRoot, "owner-mode-"));
  try {
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", join(draft, name), source]);
    renameSync(join(draft, name), join(wineRoot, name));
  } finally {
    rmSync(draft, { recursive: true });
  }
}
