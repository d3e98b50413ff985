import { build, transform, type Metafile, type Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "./root.ts";

/** The program as JavaScript: what is evaluated at its start, and the chunks that are evaluated when they are first needed. */
export interface Bundle {
  readonly main: string;
  readonly chunks: ReadonlyMap<string, string>;
  /** esbuild's list of what is inside. */
  readonly metafile: Metafile;
}

/** The files of the program, bundled for an executable that has the koffi of that file name and SHA-256 beside it. */
export async function bundleProgram(koffi: { readonly name: string; readonly hash: string }): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    entryPoints: { [entry]: join(root, "src/main.ts") }, absWorkingDir: root, outdir: "bundle", write: false,
    bundle: true, splitting: true, format: "esm", platform: "node", target: "node24",
    minifySyntax: true, minifyWhitespace: true, legalComments: "none", metafile: true, logLevel: "error",
    define: { KOFFI_FILE: JSON.stringify(koffi.name), KOFFI_HASH: JSON.stringify(koffi.hash), "import.meta.url": "undefined" },
    plugins: [sealKoffi, sealYargs],
  });
  const chunks = new Map<string, string>();
  for (const { path, text } of outputFiles) chunks.set(basename(path), await renderCommonJs(text));
  for (const text of chunks.values()) judgeSealed(text);
  const main = `${loader}${chunks.get(`${entry}.js`)?.replace(/^#!.*\n/u, "") ?? ""}`;
  chunks.delete(`${entry}.js`);
  return { main, chunks, metafile };
}

const entry = "main";

// An executable starts CommonJS, and its chunks are data inside of it, which `require` does not know.
async function renderCommonJs(text: string): Promise<string> {
  const { code } = await transform(text, { format: "cjs", platform: "node", target: "node24", supported: { "dynamic-import": false }, minifySyntax: true, minifyWhitespace: true });
  return code;
}

// First, what the environment would tell Node later on is taken away: NODE_TLS_REJECT_UNAUTHORIZED and its like. Then a
// wrapper of `require`, which knows chunks by their names, and Node's own modules.
const loader = `
for (const name of Object.keys(process.env)) if (/^(NODE_|OPENSSL_|SSL_)/i.test(name)) delete process.env[name];
require = ((node) => {
  const { getRawAsset } = node("node:sea"), { compileFunction } = node("node:vm"), loaded = new Map();
  return function load(name) {
    if (!name.startsWith("./")) return node(name);
    if (!loaded.has(name)) {
      const module = { exports: {} };
      loaded.set(name, module);
      compileFunction(Buffer.from(getRawAsset(name.slice(2))).latin1Slice(), ["require", "module", "exports"], { filename: "linkerd-mesh/" + name.slice(2) })(load, module, module.exports);
    }
    return loaded.get(name).exports;
  };
})(require);
`;

// esbuild's filters are regular expressions of Go, which know no `u`.
const sealKoffi: Plugin = {
  name: "koffi only from beside the executable",
  setup({ onResolve }) {
    onResolve({ filter: /\/node\/koffi\.ts$/ }, () => ({ path: join(root, "src/platform/node/sealed-koffi.ts") }));
  },
};

// yargs finds its texts, and a `require` for settings that its users keep in files, by the place of its own file.
const replacements: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "yargs/lib/platform-shims/esm.mjs": { "fileURLToPath(import.meta.url)": "process.execPath", "createRequire(import.meta.url)": "undefined" },
  "yargs-parser/build/lib/index.js": { "createRequire ? createRequire(import.meta.url) : undefined": "undefined", "process && process.env && process.env.YARGS_MIN_NODE_VERSION": "false" },
};

const sealYargs: Plugin = {
  name: "yargs without files",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\/node_modules\/yargs(-parser)?\// }, ({ path }) => {
      const found = replacements[path.split("/node_modules/").at(-1) ?? ""];
      return found === undefined ? undefined : { contents: replaceEach(readFileSync(path, "utf8"), found) };
    });
    onResolve({ filter: /^y18n$/ }, () => ({ path: "y18n", namespace: "inside" }));
    onLoad({ filter: /.*/, namespace: "inside" }, () => ({ resolveDir: root, contents: textsInside }));
  },
};

const textsInside = `
  import { format } from "node:util";
  import texts from ${JSON.stringify(join(root, "node_modules/yargs/locales/en.json"))};
  import { y18n } from ${JSON.stringify(join(root, "node_modules/y18n/build/lib/index.js"))};
  const fs = { readFileSync: () => JSON.stringify(texts), writeFile: () => undefined };
  export default (options) => y18n(options, { fs, format, resolve: (...parts) => parts.join("/"), exists: () => true });`;

function replaceEach(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((whole, [from, to]) => {
    if (whole.split(from).length !== 2) throw new Error(`bundle: '${from}' is not exactly once in the file that is to be changed; the library has changed`);
    return whole.replace(from, to);
  }, text);
}

// What loads code or settings by a path would find what somebody else put there.
function judgeSealed(text: string): void {
  for (const trace of ["createRequire)(", "createRequire(", "@koromix", "process.binding("]) {
    if (text.includes(trace)) throw new Error(`bundle: '${trace}' is inside; nothing in the executable may load code by a path`);
  }
}
