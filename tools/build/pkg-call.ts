// Run by pkg.ts: system, folder of the bundle, output. pkg's command line has no way to say what the executable does with
// NODE_OPTIONS, so its library is called.
import childProcess, { type ExecFileException } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { nodeVersion } from "./pkg.ts";
import { systems, type System } from "./systems.ts";

interface Target {
  readonly platform: string;
  readonly arch: "x64";
  readonly nodeRange: string;
  readonly output: string;
}

interface SeaOptions {
  readonly targets: readonly Target[];
  readonly signature: boolean;
  readonly seaConfig: Readonly<Record<string, unknown>>;
}

seedGenerator();
const { default: sea } = createRequire(import.meta.url)("@yao-pkg/pkg/lib-es5/sea.js") as { default(entry: string, options: SeaOptions): Promise<void> };
const [name = "", folder = "", output = ""] = process.argv.slice(2);
const system: System = systems.find((each) => each.name === name) ?? fail(`there is no system '${name}'`);
const chunks = readdirSync(join(folder, "chunks")).sort();

await sea(join(folder, "linkerd-mesh.js"), {
  targets: [{ platform: system.name, arch: "x64", nodeRange: `node${nodeVersion}`, output }],
  signature: false,
  seaConfig: {
    main: "../linkerd-mesh.js",
    assets: Object.fromEntries(chunks.map((chunk) => [chunk, join(folder, "chunks", chunk)])),
    // Node then asks no other cache of compiled code for the main file: NODE_COMPILE_CACHE would name one. That this cache
    // fits no start, for the flags below are not those of a start, is of no matter: the main file is small. Node would warn
    // at each start.
    useCodeCache: true,
    // `none`: NODE_OPTIONS is ignored. An own OpenSSL config, and an empty one: OPENSSL_CONF is ignored.
    execArgvExtension: "none", execArgv: [`--openssl-config=${system.nothing}`, "--no-warnings"],
  },
});

// V8 seeds its hashes at random, and they would be in the cache: the same sources must give the same bytes. NODE_OPTIONS
// does not take these flags, and pkg starts the generator itself.
function seedGenerator(): void {
  const start = childProcess.execFile;
  const seeded = (file: string, args: readonly string[], done: (error: ExecFileException | null, stdout: string, stderr: string) => void) =>
    start(file, args[0] === "--experimental-sea-config" ? ["--random-seed=1", "--hash-seed=1", ...args] : args, done);
  Object.assign(childProcess, { execFile: seeded });
}

function fail(why: string): never {
  throw new Error(why);
}
