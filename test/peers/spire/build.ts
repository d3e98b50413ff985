import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const moduleFolder = fileURLToPath(new URL(".", import.meta.url));
const cacheFolder = fileURLToPath(new URL("../../../.cache/peers", import.meta.url));

/** One build: what for, and which files it leaves. */
interface Recipe {
  readonly name: string;
  readonly commands: readonly string[];
  readonly files: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const linux: Recipe = { name: "spire", commands: ["spire-server", "spire-agent"], files: ["spire-server", "spire-agent"], environment: { CGO_ENABLED: "1" } };
const windows: Recipe = { name: "spire-windows", commands: ["spire-agent"], files: ["spire-agent.exe"], environment: { CGO_ENABLED: "0", GOOS: "windows", GOARCH: "amd64" } };

/** What a machine needs for a build, for the sentence of a skip. */
export const spireNeeds = "SPIRE is built from source with Go 1.26 or newer and a C compiler: install them (https://go.dev/dl, and the package gcc) and put both on PATH";

/** The built programs. */
export interface SpirePrograms {
  readonly server: string;
  readonly agent: string;
}

/** True when SPIRE was built here before, or can be. */
export async function isSpireBuildable(): Promise<boolean> {
  if (await isBuilt(linux, await targetFolder(linux))) return true;
  return await isCompilerThere();
}

/** The same for the agent of Windows, and the server that it needs. */
export async function isWindowsAgentBuildable(): Promise<boolean> {
  return await isSpireBuildable() && (await isBuilt(windows, await targetFolder(windows)) || await isCompilerThere());
}

/** Builds both programs, or takes those of an earlier run with the same go.mod and go.sum. Cold 5 to 7 minutes on two cores. */
export async function buildSpire(): Promise<SpirePrograms> {
  const folder = await make(linux);
  return { server: join(folder, "spire-server"), agent: join(folder, "spire-agent") };
}

/** Builds spire-agent.exe in the same way, and says where it is. */
export async function buildWindowsAgent(): Promise<string> {
  return join(await make(windows), "spire-agent.exe");
}

async function make(recipe: Recipe): Promise<string> {
  const target = await targetFolder(recipe);
  if (!(await isBuilt(recipe, target))) await build(recipe, target);
  return target;
}

async function build(recipe: Recipe, target: string): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const draft = await mkdtemp(join(cacheFolder, "draft-"));
  try {
    console.log(`    building ${recipe.files.join(" and ")}; 5 to 7 minutes, once`);
    await runBuild(recipe, draft);
    await rename(draft, target);
  } catch (error) {
    // Another run may have finished first; then its result is as good as ours.
    await rm(draft, { recursive: true, force: true });
    if (!(await isBuilt(recipe, target))) throw error;
  }
}

async function runBuild(recipe: Recipe, draft: string): Promise<void> {
  const environment = {
    ...process.env,
    ...recipe.environment,
    // The one module without an entry in some mirrors of the checksum database; go.sum pins it all the same.
    GONOSUMDB: "github.com/GoogleCloudPlatform/cloudsql-proxy",
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOTOOLCHAIN: "local",
  };
  const packages = recipe.commands.map((name) => `github.com/spiffe/spire/cmd/${name}`);
  const child = spawn("nice", ["go", "build", "-trimpath", "-o", `${draft}/`, ...packages], { cwd: moduleFolder, env: environment, stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (code !== 0) throw new Error(`go build ended with ${code}`);
}

async function targetFolder({ name }: Recipe): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(join(moduleFolder, file)));
  return join(cacheFolder, `${name}-${hash.digest("hex").slice(0, 16)}`);
}

async function isBuilt({ files }: Recipe, folder: string): Promise<boolean> {
  const found = await Promise.all(files.map((name) => access(join(folder, name)).then(() => true, () => false)));
  return found.every(Boolean);
}

async function isCompilerThere(): Promise<boolean> {
  const version = await outputOf("go", ["env", "GOVERSION"]);
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/u.exec(version ?? "") ?? [];
  const newEnough = Number(major) > 1 || Number(minor) >= 26;
  return newEnough && (await outputOf("cc", ["--version"])) !== undefined;
}

async function outputOf(file: string, args: readonly string[]): Promise<string | undefined> {
  return promisify(execFile)(file, args, { cwd: moduleFolder, env: { ...process.env, GOTOOLCHAIN: "local" } }).then(({ stdout }) => stdout, () => undefined);
}
