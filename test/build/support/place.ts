import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBuild } from "../../support/build.ts";

/** What a run of the executable left. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the Linux executable in a folder of its own, with folders around it that tell what was written into them. */
export interface Place extends Disposable {
  /** The folder above the executable's, and above that one, as an installation has them. */
  readonly top: string;
  /** The executable's own folder. */
  readonly folder: string;
  /** Where it is started: its current folder. */
  readonly current: string;
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Ended;
  /** What lies in HOME, TMPDIR and the current folder. */
  left(): readonly string[];
}

/** Lays the executable out as it is installed. */
export function openPlace(): Place {
  const dist = makeBuild();
  const top = mkdtempSync(join(tmpdir(), "linkerd-mesh-executable-"));
  // PROXY_USER must be able to start it.
  chmodSync(top, 0o755);
  const folder = join(top, "lib/linkerd-mesh/bin");
  const [home, temporary, current] = ["home", "tmp", "current"].map((name) => join(top, name)) as [string, string, string];
  for (const each of [folder, home, temporary, current]) mkdirSync(each, { recursive: true });
  for (const name of ["linkerd-mesh", "koffi-linux.node"]) copyFileSync(join(dist, name), join(folder, name));
  const environment = { HOME: home, TMPDIR: temporary, PATH: process.env["PATH"] ?? "" };
  return {
    top, folder, current,
    run: (words, more = {}) => spawnSync(join(folder, "linkerd-mesh"), [...words], { cwd: current, encoding: "utf8", env: { ...environment, ...more }, timeout: 60_000 }),
    left: () => [home, temporary, current].flatMap((each) => readdirSync(each, { recursive: true, encoding: "utf8" })),
    [Symbol.dispose]: () => rmSync(top, { recursive: true }),
  };
}
