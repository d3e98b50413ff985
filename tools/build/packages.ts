import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.ts";

/** A package as the lock file names it. */
export interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/**
 * The folder of a locked package, also of one that npm leaves out here because it is for another system: that one is
 * fetched once by npm itself and must have the lock file's hash.
 */
export function takePackage(name: string): string {
  const installed = join(root, "node_modules", name);
  const { version, integrity } = readLock(name);
  if (readVersion(installed) === version) return installed;
  const kept = join(root, ".cache/build/packages", `${name.replace("/", "+")}-${version}`);
  if (!existsSync(kept)) fetchPackage({ spec: `${name}@${version}`, integrity, kept });
  return join(kept, "package");
}

/** What the lock file says of a package that is installed at the top. */
export function readLock(name: string): LockedPackage {
  const found = listLocked()[`node_modules/${name}`];
  if (found === undefined) throw new Error(`package-lock.json has no ${name}`);
  return found;
}

/** All packages of the lock file by their folder. */
export function listLocked(): Readonly<Record<string, LockedPackage>> {
  return (JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, LockedPackage> }).packages;
}

function readVersion(folder: string): string | undefined {
  const file = join(folder, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version : undefined;
}

// Made aside and renamed, so that an interrupted fetch leaves nothing that looks whole.
function fetchPackage({ spec, integrity, kept }: { readonly spec: string; readonly integrity: string; readonly kept: string }): void {
  mkdirSync(join(kept, ".."), { recursive: true });
  const fresh = mkdtempSync(`${kept}.new-`);
  const options = { cwd: fresh, encoding: "utf8", shell: process.platform === "win32" } as const;
  const answer = execFileSync("npm", ["pack", spec, "--json", "--ignore-scripts", "--prefer-offline", "--loglevel=error"], options);
  const file = join(fresh, (JSON.parse(answer) as { filename: string }[])[0]?.filename ?? "");
  const found = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
  if (found !== integrity) throw new Error(`${spec}: the hash is ${found}, the lock file says ${integrity}`);
  execFileSync("tar", ["-xzf", file], { cwd: fresh });
  rmSync(file);
  if (existsSync(kept)) return rmSync(fresh, { recursive: true });
  renameSync(fresh, kept);
}
