#!/usr/bin/env node
// The composition root: the only place that knows the process, its signals and which system this is.
import { isSea } from "node:sea";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { runCli } from "./cli/cli.ts";
import { commandTable } from "./cli/commands/index.ts";
import { Stopped, type Sink, type StopCause, type Terminal } from "./cli/terminal.ts";
import { errorCatalogue } from "./model/error-catalogue.ts";
import { MeshError } from "./model/errors.ts";
import type { Host, Log } from "./platform/host.ts";

const stopping = new AbortController();
const crash = Promise.withResolvers<never>();
/** Milliseconds that a process has to tell of the error which nobody caught. */
const crashPatience = 5000;

for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => onSignal(name));
process.on("uncaughtException", onCrash);
// When nothing runs any more, nobody waits for it.
crash.promise.catch(() => undefined);
process.stdout.on("error", onBrokenOutput);
// Nobody is left to tell that stderr is gone.
process.stderr.on("error", () => undefined);

const terminal: Terminal = {
  words: process.argv.slice(2),
  environment: process.env,
  stdout: sink(process.stdout),
  stderr: sink(process.stderr),
  signal: stopping.signal,
  crash: crash.promise,
  stopAtInputEnd,
  loadHost,
};

// Not awaited here: the executable is CommonJS, which knows no await outside a function.
void main();

async function main(): Promise<void> {
  const code = await runCli(terminal, commandTable);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(code);
}

async function loadHost(log: Log): Promise<Host> {
  const self = { file: process.execPath, args: isSea() ? [] : [...process.execArgv, fileURLToPath(import.meta.url)] };
  if (process.platform === "linux") return (await import("./platform/linux/host.ts")).createLinuxHost({ log, environment: process.env, self });
  if (process.platform === "win32") return (await import("./platform/win32/host.ts")).createWindowsHost({ log, environment: process.env, self });
  throw new MeshError("PLATFORM_UNSUPPORTED", { doing: "choosing the platform", what: `there is none for ${process.platform}` });
}

function onSignal(name: "SIGINT" | "SIGTERM"): void {
  if (!stopping.signal.aborted) return stop(name);
  // Asked twice: end as the system would have ended us, so that the caller sees the signal.
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

function onCrash(error: Error): void {
  crash.reject(error);
  // It is told, but nobody has to listen.
  setTimeout(() => process.exit(errorCatalogue.INTERNAL.exit), crashPatience).unref();
}

function stop(cause: StopCause): void {
  stopping.abort(new Stopped(cause));
}

function stopAtInputEnd(): void {
  process.stdin.on("end", () => stop("end of input"));
  process.stdin.on("error", () => stop("end of input"));
  process.stdin.resume();
}

function onBrokenOutput(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return stop("nobody reads the output");
  throw error;
}

function sink(stream: NodeJS.WriteStream & { readonly fd: number }): Sink {
  return { write: (text) => void stream.write(text), isTerminal: isatty(stream.fd) };
}

/** Resolves when everything written so far has left, or cannot leave any more. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored !== null) return resolve();
    stream.once("close", resolve);
    stream.write("", () => resolve());
  });
}
