import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { waitUntil } from "../../support/wait-until.ts";
import type { Stage } from "./stage.ts";

/** The program of this checkout. */
export const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

/** Options of Node with which a process can be asked for its memory. */
export const tellsMemory: readonly string[] = ["--expose-gc", "--import", new URL("tell-memory.ts", import.meta.url).href];

/** A uid that no account has: harness and proxy run as it. */
export const uid = 61_003;

/** `linkerd-mesh run` as a process of its own. */
export class RunCommand implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stderr = "";

  /** `log` is the descriptor that its log goes to; without it the log is kept here. `node` are Node's own options. */
  constructor(stage: Stage, { more = {}, log, node = [] }: { readonly more?: Readonly<Record<string, string>>; readonly log?: number; readonly node?: readonly string[] } = {}) {
    this.#child = spawn(process.execPath, [...node, main, "run"], { env: stage.environment({ PROXY_USER: String(uid), ...more }), stdio: ["ignore", "ignore", log ?? "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => { this.#stderr += text; });
    this.#ended = once(this.#child, "close");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The bytes it holds when its garbage is collected, from one that was started with `tellsMemory`. */
  async memory(): Promise<number> {
    const told = (): readonly number[] => [...this.#stderr.matchAll(/^holds (\d+) bytes$/gmu)].map(([, bytes]) => Number(bytes));
    const before = told().length;
    this.#child.kill("SIGUSR2");
    return (await waitUntil(told, ({ length }) => length > before)).at(-1) ?? Number.NaN;
  }

  /** Its exit code, or the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<unknown> {
    if (signal !== undefined) this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
