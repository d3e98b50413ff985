import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** What the program left: its code, or the signal that ended it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program while it runs. */
export interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stderr holds that text; rejects when the program ends before. */
  saw(wanted: string): Promise<void>;
}

/** Starts the real program; `node` are options of Node itself. Disposing kills it if it still runs. */
export function startProgram(words: readonly string[], options: { readonly environment?: Readonly<Record<string, string>>; readonly node?: readonly string[]; readonly uid?: number } = {}): Running {
  const child = spawn(process.execPath, [...(options.node ?? []), main, ...words], {
    env: { PATH: process.env["PATH"] ?? "", ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  // The program may end without reading its input.
  child.stdin.on("error", () => undefined);
  const exited = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = exited.then(([code, signal]) => ({ code, signal, stdout: stdout.text(), stderr: stderr.text() }));
  return {
    child,
    ended,
    saw: (wanted) => stderr.saw(wanted, exited),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs the real program to its end, without input. */
export async function runProgram(words: readonly string[], options: Parameters<typeof startProgram>[1] = {}): Promise<Ended> {
  await using running = startProgram(words, options);
  running.child.stdin?.end();
  return await running.ended;
}

interface Collected {
  readonly text: () => string;
  readonly saw: (wanted: string, over: Promise<unknown>) => Promise<void>;
}

function collect(stream: Readable): Collected {
  let seen = "";
  stream.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  return {
    text: () => seen,
    saw: (wanted, over) => new Promise((resolve, reject) => {
      const look = (): void => {
        if (seen.includes(wanted)) resolve();
      };
      look();
      stream.on("data", look);
      void over.then(() => reject(new Error(`the program ended and never said '${wanted}':\n${seen}`)));
    }),
  };
}
