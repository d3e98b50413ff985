import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Stage } from "./stage.ts";

/** The program of this checkout. */
export const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

/** A uid that no account has: harness and proxy run as it. */
export const uid = 61_003;

/** `linkerd-mesh run` as a process of its own. */
export class RunCommand implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stderr = "";

  constructor(stage: Stage, more: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [main, "run"], { env: stage.environment({ PROXY_USER: String(uid), ...more }), stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => { this.#stderr += text; });
    this.#ended = once(this.#child, "close");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
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
