import { spawn, type ChildProcess } from "node:child_process";

/** A program that runs until it is disposed of, with its lines kept, for waiting and for the message when something fails. */
export class RunningProgram implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  readonly #watchers = new Set<() => void>();
  #over = false;

  constructor(file: string, args: readonly string[]) {
    this.name = file.split("/").at(-1) ?? file;
    this.#child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#ended = new Promise((resolve) => this.#child.once("close", () => {
      this.#over = true;
      this.#wake();
      resolve();
    }));
  }

  /** Resolves when a line that fits was or is printed; rejects when the program ends before, or after 30 s. */
  async printed(pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (): void => {
      const line = this.#lines.find((candidate) => pattern.test(candidate));
      if (line !== undefined) resolve(line);
      else if (this.#over) reject(this.#failure(`ended before it printed ${pattern}`));
    };
    const timer = setTimeout(() => reject(this.#failure(`did not print ${pattern} in 30 s`)), 30_000);
    this.#watchers.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Freezes it, as a hang does, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#child.kill(frozen ? "SIGSTOP" : "SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) await this.kill();
  }

  #take(text: string): void {
    this.#lines.push(...text.split("\n").filter((line) => line !== ""));
    this.#wake();
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #failure(what: string): Error {
    return new Error(`${this.name} ${what}; its last lines:\n${this.#lines.slice(-15).join("\n")}`);
  }
}
