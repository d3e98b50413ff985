import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const suite = "trixie";

// A new recipe is a new name, so that an old root is not taken for one.
const recipe = 1;

/** Where the Debian root with Wine is kept: made once, used by every later run. */
export const wineFolder = process.env["LINKERD_MESH_WINE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "linkerd-mesh", "wine");

/** The root itself. */
export const wineRoot = join(wineFolder, `${suite}-${recipe}`);

/** A prefix that was only just made; suites copy it. */
export const winePrefix = join(wineRoot, "prefix-template");

/** Why nothing can be run under Wine here, or undefined when it can. */
export function missingForWine(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x64";
  if (process.getuid?.() !== 0) return "needs root, to enter a root of its own";
  if (existsSync(winePrefix)) return undefined;
  if (spawnSync("which", ["debootstrap"]).status !== 0) return "needs debootstrap (apt-get install debootstrap) to make a Debian root with Wine 10";
  return readMirror() === undefined ? "needs a Debian mirror in apt's configuration, with apt-get update done" : undefined;
}

/** Makes the root with Wine 10 and the template of a prefix, unless they exist: about two minutes and 2.5 GB. */
export async function makeWineRoot(): Promise<void> {
  if (existsSync(winePrefix)) return;
  mkdirSync(wineFolder, { recursive: true });
  const fresh = `${wineRoot}.new-${process.pid}`;
  try {
    await bootstrap(fresh);
    await chroot(fresh, makePrefix);
    if (!existsSync(wineRoot)) renameSync(fresh, wineRoot);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function bootstrap(folder: string): Promise<void> {
  await run("debootstrap", ["--variant=minbase", suite, folder, readMirror() ?? ""], { maxBuffer: 1e8 });
  // Without this name, grpc does not resolve it.
  writeFileSync(join(folder, "etc/hosts"), "127.0.0.1 localhost\n");
  writeFileSync(join(folder, "etc/dpkg/dpkg.cfg.d/unsafe-io"), "force-unsafe-io\n");
  for (const name of ["prefix", "project", "node", "exchange"]) mkdirSync(join(folder, name));
  await chroot(folder, "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends wine wine64 && apt-get clean");
}

// `wineserver -w` waits until the registry is written.
const makePrefix = `
  export HOME=/root WINEPREFIX=/prefix-template.new WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
  /usr/lib/wine/wine64 wineboot -i && /usr/lib/wine/wine64 winecfg -v win10 && /usr/lib/wine/wineserver64 -w && mv /prefix-template.new /prefix-template`;

// The mounts are in a mount namespace of this command's own and end with it; nothing can be left mounted in what is then removed.
async function chroot(folder: string, script: string): Promise<void> {
  const mounts = 'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc"';
  await run("unshare", ["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", `${mounts} && chroot "$0" sh -ec "$1"`, folder, script], { maxBuffer: 1e8 });
}

// The machine's own Debian mirror: apt knows it, in whatever format and file it is written.
function readMirror(): string | undefined {
  const format = "$(LABEL) $(REPO_URI)";
  try {
    const lines = execFileSync("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], { encoding: "utf8" }).split("\n");
    return lines.map((line) => /^Debian (?<uri>\S+)$/u.exec(line)?.groups?.["uri"]).find((uri) => uri !== undefined);
  } catch {
    return undefined;
  }
}
