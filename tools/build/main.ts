// `npm run build`: the executables for Linux and Windows in dist/, with what belongs beside them. The same sources give
// the same bytes. `--output FOLDER` writes elsewhere.
import type { Metafile } from "esbuild";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleProgram } from "./bundle.ts";
import { listContents, renderNotices } from "./contents.ts";
import { takePackage } from "./packages.ts";
import { nodeVersion, packBundle } from "./pkg.ts";
import { applyResources } from "./resources.ts";
import { root } from "./root.ts";
import { renderSbom, type Product } from "./sbom.ts";
import { systems, type System } from "./systems.ts";

const { values } = parseArgs({ options: { output: { type: "string", default: join(root, "dist") } } });
const output = resolve(values.output);
// Whoever uses the last build meanwhile keeps it until this one is whole.
const dist = `${output}.new-${process.pid}`;
const product = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Product;

if (process.versions.node !== nodeVersion) throw new Error(`this is Node ${process.versions.node}; the build needs the ${nodeVersion} of the lock file: start it with \`npm run build\` on Linux x64`);
try {
  await buildAll();
  rmSync(output, { recursive: true, force: true });
  renameSync(dist, output);
} finally {
  rmSync(dist, { recursive: true, force: true });
}

async function buildAll(): Promise<void> {
  const start = performance.now();
  mkdirSync(dist, { recursive: true });
  const contents = listContents(mergeInputs(await Promise.all(systems.map((system) => buildExecutable(system)))));
  writeFileSync(join(dist, "linkerd-mesh.cdx.json"), renderSbom(product, contents));
  writeFileSync(join(dist, "NOTICES.txt"), renderNotices(contents));
  copyFileSync(join(root, "LICENSE"), join(dist, "LICENSE.txt"));
  const names = readdirSync(dist).sort();
  writeFileSync(join(dist, "SHA256SUMS"), names.map((name) => `${readHash(join(dist, name))}  ${name}\n`).join(""));
  for (const name of names) console.log(`${(statSync(join(dist, name)).size / 1e6).toFixed(1).padStart(6)} MB  ${name}`);
  console.log(`built with Node ${nodeVersion} in ${((performance.now() - start) / 1000).toFixed(0)} s: ${output}`);
}

async function buildExecutable(system: System): Promise<Metafile> {
  const koffi = join(dist, system.koffi.name);
  copyFileSync(join(takePackage(system.koffi.package), system.koffi.file), koffi);
  const bundle = await bundleProgram({ name: system.koffi.name, hash: readHash(koffi) });
  const executable = join(dist, system.executable);
  packBundle({ system, bundle, output: executable });
  if (system.name === "win") applyResources(executable, product.version);
  chmodSync(executable, 0o755);
  return bundle.metafile;
}

function mergeInputs(metafiles: readonly Metafile[]): Metafile {
  return { inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)) as Metafile["inputs"], outputs: {} };
}

function readHash(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
