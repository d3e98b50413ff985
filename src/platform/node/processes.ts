import { delimiter, isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { MeshError } from "../../model/errors.ts";
import type { Child, ChildSpec, Exit, Files, Finished, Processes, RunSpec } from "../host.ts";

/** What a system adds to the start of a child. */
export interface Launching {
  /** Wraps a command line so that the child dies with us, and without our rights when told so. */
  readonly wrap: (spec: ResolvedSpec) => { readonly file: string; readonly args: readonly string[] };
  /** How a program is ended together with what it started. */
  readonly family: Family;
  /** Endings that make a file executable by name; Windows has `.exe`. */
  readonly endings: readonly string[];
  /** The command line of this program itself, without its words. */
  readonly self: { readonly file: string; readonly args: readonly string[] };
}

/** How a system ends a program with its descendants. */
export interface Family {
  /** The program leads a process group, which its descendants are found by when it has ended. */
  readonly group: boolean;
  kill(pid: number): Promise<void>;
}

/** A child whose program was found. */
export type ResolvedSpec = Pick<ChildSpec, "file" | "args" | "dropRights">;

/** Child processes by execa. */
export function createProcesses(launching: Launching, files: Files): Processes {
  return {
    spawn: async (spec) => startChild(await start(launching, files, spec), spec),
    run: async (spec, signal) => finish(await start(launching, files, spec), spec, signal),
    self: (args) => ({ file: launching.self.file, args: [...launching.self.args, ...args] }),
  };
}

/** A process that was started. Not execa's own object: that is a promise, which an async function cannot hand on. */
interface Running {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<Exit>;
  kill(signal: "SIGKILL" | "SIGTERM"): void;
}

async function start(launching: Launching, files: Files, spec: ChildSpec & Pick<RunSpec, "family">): Promise<Running> {
  const found = await findProgram(launching, files, spec);
  const { file, args } = launching.wrap({ ...spec, file: found });
  // At first use: most commands start no program, and it takes longer to load than some of them take as a whole.
  const { execa } = await import("execa");
  const group = spec.family === true && launching.family.group;
  const child = execa(file, args, {
    detached: group, env: { ...spec.environment }, extendEnv: false, reject: false, buffer: false, forceKillAfterDelay: false, stdin: "pipe", stdout: "pipe", stderr: "pipe", windowsHide: true,
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid !== undefined) {
    if (group) child.nodeChildProcess.once("exit", () => void launching.family.kill(pid));
    const kill = (signal: "SIGKILL" | "SIGTERM"): void => void child.kill(signal);
    const killFamily = (): void => void launching.family.kill(pid).then(() => kill("SIGKILL"));
    return { pid, stdin, stdout, stderr, ended: child.then(readExit), kill: spec.family === true ? killFamily : kill };
  }
  const { cause } = await child;
  throw new MeshError("PROGRAM_FAILED", { doing: `starting ${spec.file}`, what: String(cause), target: spec.file, cause });
}

/** Finds the program as the system would, so that an absent one is told apart from one that fails. */
async function findProgram(launching: Launching, files: Files, spec: ChildSpec): Promise<string> {
  const folders = isAbsolute(spec.file) ? [""] : (spec.environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const ending of launching.endings) {
      const path = `${join(folder, spec.file)}${ending}`;
      // A folder of PATH that this account may not look into holds nothing for it.
      const info = await files.stat(path).catch(() => undefined);
      if (info?.kind === "file" && info.executable) return path;
    }
  }
  const what = isAbsolute(spec.file) ? "there is no such program, or it is not executable" : "it is in no folder of PATH";
  throw new MeshError("PROGRAM_MISSING", { doing: `starting ${spec.file}`, what, target: spec.file });
}

function startChild(running: Running, spec: ChildSpec): Child {
  // A line may stand in a pipe when the process has ended: the end is told after the last line.
  const lines = Promise.all([readLines(running.stdout, "stdout", spec.onLine), readLines(running.stderr, "stderr", spec.onLine)]);
  const ended = Promise.all([running.ended, lines]).then(([exit]) => exit);
  // The child may end while we write; `exited` tells that.
  running.stdin.on("error", () => undefined);
  if (spec.stdin !== true) running.stdin.end();
  return {
    pid: running.pid,
    exited: ended,
    write: (text) => new Promise((resolve) => void running.stdin.write(text, () => resolve())),
    closeInput: () => void running.stdin.end(),
    signal: (how) => running.kill(how === "kill" ? "SIGKILL" : "SIGTERM"),
    async [Symbol.asyncDispose]() {
      running.kill("SIGKILL");
      await running.ended;
      // A grandchild may hold the pipes open for as long as it likes.
      for (const stream of [running.stdout, running.stderr]) stream.destroy();
      await lines;
    },
  };
}

async function readLines(stream: Readable, name: "stdout" | "stderr", onLine: ChildSpec["onLine"]): Promise<void> {
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  createInterface({ input: stream }).on("line", (line) => onLine?.(name, line)).on("error", () => undefined);
  await closed;
}

async function finish(running: Running, { input = "", keep = Infinity }: RunSpec, signal: AbortSignal): Promise<Finished> {
  const { stdin, stdout, stderr } = running;
  const kill = (): void => {
    running.kill("SIGKILL");
    // A grandchild may hold the pipes open for as long as it likes.
    for (const stream of [stdout, stderr]) stream.destroy();
  };
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  stdin.on("error", () => undefined);
  stdin.end(input);
  try {
    const [out, err, exit] = await Promise.all([readAll(stdout, keep), readAll(stderr, keep), running.ended]);
    signal.throwIfAborted();
    return { ...exit, stdout: out, stderr: err };
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

async function readAll(stream: Readable, keep: number): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  try {
    for await (const part of stream) if (text.length < keep) text = (text + String(part)).slice(0, keep);
  } catch (error) {
    // Nobody wants the text of a program that was killed.
    if (!stream.destroyed) throw error;
  }
  return text;
}

function readExit(result: { readonly exitCode?: number | undefined; readonly signal?: string | undefined }): Exit {
  return result.signal === undefined ? { code: result.exitCode, signal: undefined } : { code: undefined, signal: result.signal };
}
