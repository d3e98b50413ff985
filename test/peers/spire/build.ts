import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const moduleFolder = fileURLToPath(new URL(".", import.meta.url));
const cacheFolder = fileURLToPath(new URL("../../../.cache/peers", import.meta.url));
const commands = ["spire-server", "spire-agent"] as const;

/** What a machine needs for a build, for the sentence of a skip. */
export const spireNeeds = "SPIRE is built from source with Go 1.26 or newer and a C compiler: install them (https://go.dev/dl, and the package gcc) and put both on PATH";

/** The built programs. */
export interface SpirePrograms {
  readonly server: string;
  readonly agent: string;
}

/** True when SPIRE was built here before, or can be. */
export async function isSpireBuildable(): Promise<boolean> {
  if (await isBuilt(await targetFolder())) return true;
  const version = await outputOf("go", ["env", "GOVERSION"]);
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/u.exec(version ?? "") ?? [];
  const newEnough = Number(major) > 1 || Number(minor) >= 26;
  return newEnough && (await outputOf("cc", ["--version"])) !== undefined;
}

/** Builds both programs, or takes those of an earlier run with the same go.mod and go.sum. Cold 5 to 7 minutes on two cores. */
export async function buildSpire(): Promise<SpirePrograms> {
  const target = await targetFolder();
  if (!(await isBuilt(target))) await build(target);
  return { server: join(target, "spire-server"), agent: join(target, "spire-agent") };
}

async function build(target: string): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const draft = await mkdtemp(join(cacheFolder, "draft-"));
  try {
    console.log("    building spire-server and spire-agent; 5 to 7 minutes, once");
    await runBuild(draft);
    await rename(draft, target);
  } catch (error) {
    // Another run may have finished first; then its result is as good as ours.
    await rm(draft, { recursive: true, force: true });
    if (!(await isBuilt(target))) throw error;
  }
}

async function runBuild(draft: string): Promise<void> {
  const environment = {
    ...process.env,
    CGO_ENABLED: "1",
    // The one module without an entry in some mirrors of the checksum database; go.sum pins it all the same.
    GONOSUMDB: "github.com/GoogleCloudPlatform/cloudsql-proxy",
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOTOOLCHAIN: "local",
  };
  const packages = commands.map((name) => `github.com/spiffe/spire/cmd/${name}`);
  const child = spawn("nice", ["go", "build", "-trimpath", "-o", `${draft}/`, ...packages], { cwd: moduleFolder, env: environment, stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (code !== 0) throw new Error(`go build ended with ${code}`);
}

async function targetFolder(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of ["go.mod", "go.sum"]) hash.update(await readFile(join(moduleFolder, name)));
  return join(cacheFolder, `spire-${hash.digest("hex").slice(0, 16)}`);
}

async function isBuilt(folder: string): Promise<boolean> {
  const found = await Promise.all(commands.map((name) => access(join(folder, name)).then(() => true, () => false)));
  return found.every(Boolean);
}

async function outputOf(file: string, args: readonly string[]): Promise<string | undefined> {
  return promisify(execFile)(file, args, { cwd: moduleFolder, env: { ...process.env, GOTOOLCHAIN: "local" } }).then(({ stdout }) => stdout, () => undefined);
}
