import { createInterface } from "node:readline";
import type { Socket } from "node:net";
import type { Order, Tale } from "./driver-messages.ts";

/** A program to start inside Wine, by its path on Windows. */
export interface WineProgram {
  readonly file: string;
  readonly args?: readonly string[];
  /** Added to Wine's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** C:\ when left out. */
  readonly folder?: string;
  /** What it reads from its standard input; nothing when left out. */
  readonly input?: string;
}

/** What a finished program left. The code is the whole 32 bits of Windows, not what Linux keeps of it. */
export interface WineFinished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program. Disposing kills it and waits for its end. */
export interface WineChild extends AsyncDisposable {
  /** The process number on Windows. */
  readonly pid: number;
  readonly exited: Promise<WineFinished>;
  /** What it printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  write(text: string): void;
  endInput(): void;
  kill(): void;
}

interface Run {
  readonly output: { stdout: string; stderr: string };
  readonly started: PromiseWithResolvers<number>;
  readonly ended: PromiseWithResolvers<WineFinished>;
}

/** Our end of the connection to the driver. */
export class DriverClient {
  readonly #socket: Socket;
  readonly #runs = new Map<number, Run>();
  #last = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => this.#failAll(new Error("Wine's driver is gone")));
    createInterface({ input: socket }).on("line", (line) => this.#hear(JSON.parse(line) as Tale));
  }

  /** Runs a program to its end. */
  async run(program: WineProgram): Promise<WineFinished> {
    const child = await this.start(program);
    return await child.exited;
  }

  /** Starts a program; rejects when Windows cannot start it. */
  async start({ file, args = [], environment = {}, folder = "C:\\", input }: WineProgram): Promise<WineChild> {
    this.#last += 1;
    const id = this.#last;
    const run: Run = { output: { stdout: "", stderr: "" }, started: Promise.withResolvers(), ended: Promise.withResolvers() };
    run.ended.promise.catch(() => undefined);
    this.#runs.set(id, run);
    this.#tell({ id, do: "start", file, args, environment, folder });
    const pid = await run.started.promise;
    if (input !== undefined) this.#tell({ id, do: "write", text: input });
    if (input !== undefined) this.#tell({ id, do: "end" });
    return this.#child(id, pid, run);
  }

  /** Ends the driver and with it all that runs under it. */
  close(): void {
    this.#socket.destroy();
  }

  #child(id: number, pid: number, run: Run): WineChild {
    const kill = (): void => this.#tell({ id, do: "kill" });
    return {
      pid,
      exited: run.ended.promise,
      get stdout() {
        return run.output.stdout;
      },
      get stderr() {
        return run.output.stderr;
      },
      write: (text) => this.#tell({ id, do: "write", text }),
      endInput: () => this.#tell({ id, do: "end" }),
      kill,
      async [Symbol.asyncDispose]() {
        kill();
        await run.ended.promise;
      },
    };
  }

  #tell(order: Order): void {
    this.#socket.write(`${JSON.stringify(order)}\n`);
  }

  #hear(tale: Tale): void {
    const run = this.#runs.get(tale.id);
    if (run === undefined) return;
    if (tale.what === "started") return run.started.resolve(tale.pid);
    if (tale.what === "failed") return run.started.reject(new Error(tale.message));
    if (tale.what === "ended") return run.ended.resolve({ code: tale.code, ...run.output });
    run.output[tale.what] += tale.text;
  }

  #failAll(error: Error): void {
    for (const { started, ended } of this.#runs.values()) {
      started.reject(error);
      ended.reject(error);
    }
  }
}
