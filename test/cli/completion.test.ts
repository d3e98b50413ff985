import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commandTable } from "../../src/cli/commands/index.ts";
import { globalOptions } from "../../src/cli/global-options.ts";
import { settingFlags } from "../../src/cli/setting-flags.ts";
import { skipUnless } from "../support/skip.ts";
import { runInProcess } from "./in-process.ts";

type Complete = (line: string) => Promise<readonly string[]>;

const run = promisify(execFile);
const firstWords = [...new Set(commandTable.entries.map(({ name }) => name[0] ?? ""))];
const globalFlags = Object.keys(globalOptions).map((name) => `--${name}`);
const allSettings = Object.keys(settingFlags.machine).map((name) => `--${name}`);

describe("completion of bash", () => {
  skipUnless("completion-bash", () => hasShell("bash"), "bash is not here; install it with the system's package manager");
  tellWhatCompletes(completeInBash);

  it("offers values after = as bash splits it", async () => {
    assert.deepEqual(await completeInBash("linkerd-mesh --output=j"), ["json"]);
    assert.deepEqual(await completeInBash("linkerd-mesh run --log-level="), ["trace", "debug", "info", "warn", "error"]);
  });

  it("offers files where a file is wanted", async () => {
    assert.deepEqual(await completeInBash("linkerd-mesh run --config package-l"), ["package-lock.json"]);
  });

  it("needs no program but bash", async () => {
    const script = await scriptOf("bash");
    const { stdout } = await run("bash", ["--norc", "-c", `PATH=/nonexistent\n${script}\n${simulateTab("linkerd-mesh conf")}`]);
    assert.equal(stdout, "config\n");
  });
});

describe("completion of zsh", () => {
  skipUnless("completion-zsh", () => hasShell("zsh"), "zsh is not here; install it with the system's package manager");
  tellWhatCompletes(completeInZsh);

  it("offers values after =", async () => {
    assert.deepEqual(await completeInZsh("linkerd-mesh --output=j"), ["json"]);
  });

  it("runs at once when it is autoloaded from $fpath", async () => {
    const folder = await mkdtemp(join(tmpdir(), "completion-"));
    try {
      await writeFile(join(folder, "_linkerd-mesh"), await scriptOf("zsh"));
      const autoload = `fpath=('${folder}'); autoload -Uz _linkerd-mesh; _linkerd_mesh() { unfunction _linkerd_mesh; _linkerd-mesh; }`;
      assert.deepEqual(await completeInZsh("linkerd-mesh conf", autoload), ["config"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function tellWhatCompletes(complete: Complete): void {
  it("offers commands", async () => {
    assert.deepEqual(await complete("linkerd-mesh "), firstWords);
    assert.deepEqual(await complete("linkerd-mesh conf"), ["config"]);
  });

  it("offers the commands of a group", async () => {
    assert.deepEqual((await complete("linkerd-mesh config ")).toSorted(), ["set", "show", "validate"]);
  });

  it("offers flags of every command, and of the settings where they are taken", async () => {
    assert.deepEqual(await complete("linkerd-mesh version -"), globalFlags);
    const run = await complete("linkerd-mesh run --");
    assert.deepEqual(run.toSorted(), [...globalFlags, ...allSettings, "--service"].toSorted());
  });

  it("offers a command's own flags", async () => {
    assert.ok((await complete("linkerd-mesh workload manifest --")).includes("--client"));
  });

  it("offers the choices of flags, of settings and of words", async () => {
    assert.deepEqual(await complete("linkerd-mesh --output "), ["text", "json"]);
    assert.deepEqual(await complete("linkerd-mesh run --on-proxy-failure "), ["open", "closed"]);
    assert.deepEqual(await complete("linkerd-mesh completion "), ["bash", "zsh"]);
    assert.deepEqual(await complete("linkerd-mesh completion z"), ["zsh"]);
  });

  it("passes over flags and their values on the way to the command", async () => {
    assert.deepEqual(await complete("linkerd-mesh --output json config sh"), ["show"]);
  });

  it("offers nothing where nothing can be known", async () => {
    assert.deepEqual(await complete("linkerd-mesh run --workload-name "), []);
    assert.deepEqual(await complete("linkerd-mesh frobnicate "), []);
  });
}

async function scriptOf(shell: string): Promise<string> {
  const ran = await runInProcess(["completion", shell]);
  assert.equal(ran.code, 0);
  return ran.stdout;
}

async function completeInBash(line: string): Promise<readonly string[]> {
  const { stdout } = await run("bash", ["--norc", "-c", `${await scriptOf("bash")}\n${simulateTab(line)}`]);
  return words(stdout);
}

/** What bash does on Tab: splits the line at blanks and at =, calls the function, reads COMPREPLY. */
function simulateTab(line: string): string {
  const split = line.split(" ").flatMap((word) => word.split(/(=)/u)).map((word) => `'${word}'`);
  const wanted = line.endsWith("=") ? split.slice(0, -1) : split;
  return `COMP_WORDS=(${wanted.join(" ")}); COMP_CWORD=${wanted.length - 1}; _linkerd_mesh; printf '%s\\n' "\${COMPREPLY[@]}"`;
}

/**
 * Runs the function in zsh with the completion system's own functions replaced by ones that print what they are
 * given, narrowed by the word under the cursor as zsh does.
 */
async function completeInZsh(line: string, load = `eval "$script"`): Promise<readonly string[]> {
  const split = line.split(" ").map((word) => `'${word}'`);
  const stubs = `
    compdef() { : }
    compset() { PREFIX="\${current#*=}" }
    compadd() { shift; for w in "$@"; do [[ "$w" == "$PREFIX"* ]] && print -r -- "$w"; done }
    _files() { print -r -- FILES }
    _describe() { local name="\${@[-1]}"; for w in "\${(@P)name}"; do [[ "\${w%%:*}" == "$PREFIX"* ]] && print -r -- "\${w%%:*}"; done }`;
  const call = `words=(${split.join(" ")}); CURRENT=${split.length}; PREFIX="\${words[CURRENT]}"; _linkerd_mesh; true`;
  const { stdout } = await run("zsh", ["-f", "-c", `${stubs}\n${load}\n${call}`], { env: { ...process.env, script: await scriptOf("zsh") } });
  return words(stdout);
}

function words(text: string): readonly string[] {
  return text.split("\n").filter((word) => word !== "");
}

function hasShell(shell: string): Promise<boolean> {
  return run(shell, ["-c", "true"]).then(() => true, () => false);
}
