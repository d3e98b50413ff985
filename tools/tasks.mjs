// Each task is a list of steps; a step runs a script on the pinned Node. `rest` says where words after `--` go.
const mocha = "node_modules/mocha/bin/mocha.js";
const c8 = "node_modules/c8/bin/c8.js";
const slow = ["build", "e2e", "peers", "wine"];

const types = { name: "types", args: ["node_modules/typescript/bin/tsc"] };
const lint = { name: "lint", args: ["node_modules/eslint/bin/eslint.js", ".", "--cache", "--cache-location", ".cache/eslint/", "--max-warnings", "0"] };
const drift = { name: "drift", args: ["tools/generate.ts", "--check"] };
const qa = { name: "qa", args: [mocha], files: ["test/qa/**/*.test.ts"] };
const tests = { name: "tests", args: [mocha, ...ignore(...slow)], files: ["test/**/*.test.ts"] };
const otherTests = { ...tests, args: [mocha, ...ignore("qa", ...slow)] };

/** All tasks: `npm test`, `npm run demo` and so on. */
export const tasks = {
  demo: [{ name: "demo", args: ["src/main.ts", "simulate", "demo"] }],
  mesh: [{ name: "mesh", args: ["src/main.ts"] }],
  test: [types, drift, tests],
  ok: [types, lint, drift, qa, otherTests],
  "check:types": [types],
  lint: [lint],
  drift: [drift],
  qa: [qa],
  generate: [{ name: "generate", args: ["tools/generate.ts"] }],
  coverage: [{ name: "coverage", args: [c8, "--config", ".c8rc.json", process.platform === "win32" ? "node.exe" : "node", mocha, "--reporter", "dot"], files: pureTests() }],
  mutate: [{ name: "mutate", args: ["tools/mutate.ts"] }],
  e2e: [{ name: "e2e", args: [mocha, "--timeout", "120000"], files: ["test/e2e/**/*.test.ts"] }],
  peers: [{ name: "peers", args: [mocha, "--timeout", "900000"], files: ["test/peers/**/*.test.ts"] }],
  build: [{ name: "build", args: ["tools/build/main.ts"] }],
  executable: [{ name: "executable", args: [mocha, "--timeout", "120000"], files: ["test/build/**/*.test.ts"] }],
  wine: [{ name: "wine", args: [mocha, "--timeout", "120000", "--ignore", "test/wine/spire.test.ts"], files: ["test/wine/**/*.test.ts"] }],
  "wine:spire": [{ name: "wine:spire", args: [mocha, "--timeout", "120000"], files: ["test/wine/spire.test.ts"] }],
  bench: [{ name: "bench", args: ["bench/main.ts"] }],
};

/** True for the name of a task. */
export function isTask(name) {
  return Object.hasOwn(tasks, name);
}

/** The tasks in the order of the table. */
export function taskNames() {
  return Object.keys(tasks);
}

function ignore(...folders) {
  return folders.flatMap((folder) => ["--ignore", `test/${folder}/**`]);
}

function pureTests() {
  return ["base", "model", "pki", "generate"].map((folder) => `test/${folder}/**/*.test.ts`);
}
