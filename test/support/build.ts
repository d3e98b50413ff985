import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/build/root.ts";

/** The folder of the executables; builds them first when they are absent or older than what they are made of. */
export function makeBuild(): string {
  const dist = join(root, "dist");
  const sums = join(dist, "SHA256SUMS");
  const built = existsSync(sums) ? statSync(sums).mtimeMs : 0;
  const sources = ["src", "tools/build"].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }));
  const files = [...sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)), join(root, "package-lock.json")];
  if (files.some((file) => statSync(file).mtimeMs > built)) buildInto(dist);
  return dist;
}

/** Builds the executables into a folder. */
export function buildInto(folder: string): void {
  execFileSync(process.execPath, [join(root, "tools/build/main.ts"), "--output", folder], { cwd: root });
}
