// Run by pkg.ts: system, folder of the bundle, output. pkg's command line has no way to say what the executable does with
// NODE_OPTIONS, so its library is called.
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
    // `none`: NODE_OPTIONS is ignored. An own OpenSSL config, and an empty one: OPENSSL_CONF is ignored.
    execArgvExtension: "none", execArgv: [`--openssl-config=${system.nothing}`],
  },
});

function fail(why: string): never {
  throw new Error(why);
}
