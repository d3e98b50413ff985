// Checks the tests of the pure decision files: changes one decision at a time and expects a test to fail.
// Usage: npm run mutate [-- path.ts …]. The mutants are chosen by hash, so that every run tries the same ones.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { listMutants, type Mutant } from "./mutants.ts";

const threshold = 0.8;
const mostPerFile = 150;
const budget = AbortSignal.timeout(300_000);

interface Result extends Mutant {
  readonly outcome: "killed" | "survived" | "not run";
}

await main(process.argv.slice(2));

async function main(named: readonly string[]): Promise<void> {
  const files = named.length > 0 ? named : listDecisionFiles();
  // In one order over all files: where time runs out, each of them has had its share.
  const mutants = order(files.flatMap((file) => order(listMutants(file, readFileSync(file, "utf8"))).slice(0, mostPerFile)));
  const sound = await runBaselines(files);
  const results = await inParallel(mutants.filter(({ file }) => sound.has(file)), tryMutant);
  for (const { file, line, change, outcome } of results) if (outcome === "survived") console.log(`  survived: ${file}:${line}: ${change}`);
  const ran = results.filter(({ outcome }) => outcome !== "not run");
  for (const file of files) console.log(renderFile(file, ran.filter((result) => result.file === file), sound.has(file)));
  const killed = ran.filter(({ outcome }) => outcome === "killed").length;
  const score = ran.length === 0 ? 0 : killed / ran.length;
  console.log(`\nmutation score ${percent(score)} of ${ran.length} mutants (at least ${percent(threshold)}); ${results.length - ran.length} not run for want of time`);
  const good = score >= threshold && sound.size === files.length;
  if (!good) console.log("why: a decision that may be turned round without a failing test is not tested. do: add the case that tells both apart.");
  process.exitCode = good ? 0 : 1;
}

function listDecisionFiles(): string[] {
  const names = ["machine", "plan", "reconcile", "judge", "resolve"];
  return globSync(["src/model/traffic-*.ts", ...names.flatMap((name) => [`src/**/${name}.ts`, `src/**/${name}-*.ts`, `src/**/*-${name}.ts`])])
    .filter((file) => !/\/(?:platform|generated)\/|\/cli\/commands\//u.test(file) && testsOf(file).length > 0)
    .filter((file) => listMutants(file, readFileSync(file, "utf8")).length > 0)
    .sort();
}

// The test of the same name; else every test of the folder.
function testsOf(file: string): string[] {
  const same = file.replace(/^src\/(.*)\.ts$/u, "test/$1.test.ts");
  return existsSync(same) ? [same] : globSync(`${dirname(same)}/*.test.ts`);
}

function order(mutants: readonly Mutant[]): Mutant[] {
  const hash = ({ file, start, change }: Mutant): string => createHash("sha256").update(`${file} ${start} ${change}`).digest("hex");
  return mutants.map((mutant) => ({ mutant, key: hash(mutant) })).sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ mutant }) => mutant);
}

// A file whose tests fail as they are proves nothing about its mutants.
async function runBaselines(files: readonly string[]): Promise<Set<string>> {
  const passed = await inParallel(files, async (file) => ({ file, ok: (await runTests(file, {})) === 0 }));
  for (const { file, ok } of passed) if (!ok) console.log(`  its tests fail without any change: ${file}`);
  return new Set(passed.filter(({ ok }) => ok).map(({ file }) => file));
}

async function tryMutant(mutant: Mutant): Promise<Result> {
  if (budget.aborted) return { ...mutant, outcome: "not run" };
  const status = await runTests(mutant.file, { MUTANT: JSON.stringify(mutant) });
  return { ...mutant, outcome: status === 0 ? "survived" : "killed" };
}

// A mutant that never ends is killed by the time limit.
async function runTests(file: string, environment: Record<string, string>): Promise<number | null> {
  const args = ["--import", "./tools/mutant-hook.mjs", "node_modules/mocha/bin/mocha.js", "--no-config", "--bail", "--reporter", "min", "--timeout", "4000", ...testsOf(file)];
  const child = spawn(process.execPath, args, { stdio: "ignore", env: { ...process.env, ...environment }, signal: AbortSignal.timeout(15_000), killSignal: "SIGKILL" });
  return new Promise((resolve) => {
    child.on("error", () => undefined);
    child.on("exit", resolve);
  });
}

async function inParallel<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as In);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

function renderFile(file: string, results: readonly Result[], sound: boolean): string {
  const killed = results.filter(({ outcome }) => outcome === "killed").length;
  return `  ${sound && results.length > 0 ? percent(killed / results.length) : "  ?  "} ${String(killed).padStart(3)}/${String(results.length).padEnd(3)} ${file}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0).padStart(3)} %`;
}
