import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const longest = 15 * 60_000;

/** Installs the packages of the lock file unless they are there already. Of several at once, one installs and the others wait. */
export async function installPackages(root, install = npmCi) {
  if (isInstalled(root)) return;
  const release = await takeLock(join(root, ".cache", "install.lock"));
  try {
    if (!isInstalled(root)) install(root);
  } finally {
    release();
  }
}

/** True when node_modules holds what the lock file says; what is optional may be absent, except the Node for this machine. */
export function isInstalled(root, host = process) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const found = readPackages(join(root, "node_modules/.package-lock.json"));
  if (wanted === undefined) throw new Error("package-lock.json is missing: this is not a whole clone");
  if (found === undefined) return false;
  const needed = (path, entry) => entry.optional !== true || path === `node_modules/node-${host.platform}-${host.arch}`;
  const differs = ([path, entry]) => (path in found ? found[path].version !== entry.version : needed(path, entry));
  return !Object.entries(wanted).some(([path, entry]) => path !== "" && differs([path, entry]));
}

function readPackages(file) {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")).packages ?? {}) : undefined;
}

function npmCi(root) {
  console.error("run: installing packages (once per change of package-lock.json) …");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // What npm prints goes to stderr: stdout belongs to the command that runs afterwards.
  const result = spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (result.error?.code === "ENOENT") throw new Error("npm was not found; it comes with Node (Debian: apt-get install npm)");
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error("npm could not install the packages (its message is above). This step needs the network once, to reach npm's registry; behind a proxy set HTTPS_PROXY. Then run the same command again");
  }
}

// A folder is made by exactly one; it holds the maker's pid, so that the lock of one that was killed can be taken over.
async function takeLock(folder) {
  const start = Date.now();
  mkdirSync(join(folder, ".."), { recursive: true });
  for (let said = false; !tryLock(folder); said = true) {
    if (isStale(folder)) {
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    if (!said) console.error("run: another process installs the packages; waiting for it …");
    if (Date.now() - start > longest) throw new Error(`another install did not end in ${longest / 60_000} minutes; if none runs, remove ${folder}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return () => rmSync(folder, { recursive: true, force: true });
}

function tryLock(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(join(folder, "pid"), String(process.pid));
  return true;
}

function isStale(folder) {
  try {
    process.kill(Number(readFileSync(join(folder, "pid"), "utf8")), 0);
    return false;
  } catch (error) {
    if (error.code === "ESRCH") return true;
    // The maker has not written its pid yet, or died before it could: only age tells.
    return error.code === "ENOENT" && Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 5_000;
  }
}
