import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { addCounts, renderCounts } from "./counts.mjs";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs every step of a task, also after one failed, so that all problems show at once; gives the exit code.
 * Several steps end with a table and the counts of all; a single one speaks for itself. Words after the task's name
 * go to its last step; with words, a test task runs only that step, on the files they name.
 */
export async function runTask(task, { root, rest, node }) {
  if (task.length === 1 || rest.length > 0) return (await runStep(task.at(-1), { root, rest, node })).status;
  const results = [];
  for (const step of task) {
    console.log(`\n── ${step.name} ──`);
    const start = Date.now();
    const { status, counts, signal } = await runStep(step, { root, rest, node });
    results.push({ name: step.name, status, counts, seconds: (Date.now() - start) / 1000 });
    if (signal !== null) break;
  }
  console.log(`\n${results.map((result) => renderResult(result)).join("\n")}\n\n${renderCounts(addCounts(results.map(({ counts }) => counts)))}`);
  return results.some(({ status }) => status !== 0) ? 1 : 0;
}

async function runStep({ args, files = [] }, { root, rest, node }) {
  const named = rest.some((word) => !word.startsWith("-"));
  const folder = mkdtempSync(join(tmpdir(), "linkerd-mesh-step-"));
  const countsFile = join(folder, "counts.json");
  try {
    const { status, signal } = await run(node, [...args, ...rest, ...(named ? [] : files)], { root, countsFile });
    return { status, signal, counts: readCounts(countsFile, status) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// The child decides how it ends: a signal to us is passed on and we wait. Ctrl+C on a terminal reaches it by itself, and
// twice would mean "at once".
function run(node, args, { root, countsFile }) {
  return new Promise((resolve, reject) => {
    const child = spawn(node.file, args, {
      cwd: root, stdio: "inherit",
      env: { ...process.env, PATH: `${node.folder}${delimiter}${process.env.PATH ?? ""}`, TEST_COUNTS: countsFile },
    });
    const pass = (signal) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of signals) process.on(signal, pass);
    child.on("error", (error) => reject(new Error(`${node.file} cannot be started: ${error.message}`)));
    child.on("exit", (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve({ status: code ?? 128 + (constants.signals[signal] ?? 0), signal });
    });
  });
}

// A step that counts nothing is one check.
function readCounts(file, status) {
  try {
    const counts = JSON.parse(readFileSync(file, "utf8"));
    return counts.failed === 0 && status !== 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  }
}

function renderResult({ name, status, counts, seconds }) {
  return `${status === 0 ? "√" : "×"} ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  ${renderCounts(counts)}`;
}
