import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import type { Host } from "../../src/platform/host.ts";
import { silentLog } from "../../test/fakes/silent-log.ts";

/** One form of our program. */
export interface Program {
  readonly name: "sources" | "bundle";
  readonly main: string;
}

/** The program as it stands in the sources, its types stripped by Node at each start. */
export const sources: Program = { name: "sources", main: path("src/main.ts") };

/** Bundles the program as users will get it: JavaScript, commands still loaded lazily, native code left out. */
export async function buildBundle(): Promise<Program> {
  const folder = path(".cache/bench/bundle");
  await build({
    entryPoints: [sources.main], outdir: folder, bundle: true, splitting: true, format: "esm", platform: "node", target: "node24",
    minifySyntax: true, minifyWhitespace: true, external: ["koffi"], logLevel: "error",
    // Libraries in CommonJS ask for Node's modules with require, which a module does not have.
    banner: { js: "import { createRequire as benchRequire } from 'node:module'; const require = benchRequire(import.meta.url);" },
  });
  return { name: "bundle", main: `${folder}/main.js` };
}

/** This machine, with that form of the program as itself. */
export function hostOf({ main }: Program): Host {
  return createLinuxHost({ log: silentLog, environment: process.env, self: { file: process.execPath, args: [main] } });
}

function path(below: string): string {
  return fileURLToPath(new URL(`../../${below}`, import.meta.url));
}
