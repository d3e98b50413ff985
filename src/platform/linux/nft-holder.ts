import { MeshError } from "../../model/errors.ts";
import type { Child, Exit } from "../host.ts";
import { answerLimit, nftEnvironment, requireNft, type RedirectTools } from "./nft-program.ts";

/** An `nft -i` of ours. The kernel removes the tables it made when it ends, however it ends. */
export interface NftHolder extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Runs one line, which is one transaction; returns nft's complaint, empty when it has none. */
  tell(line: string, signal: AbortSignal): Promise<string>;
}

/** Starts the process that will hold our table. */
export async function startHolder(tools: RedirectTools): Promise<NftHolder> {
  const file = await requireNft(tools.files);
  const ear = new Ear();
  const child = await tools.processes.spawn({
    file, args: ["-i"], environment: nftEnvironment, stdin: true,
    onLine: (stream, line) => { if (stream === "stderr") ear.hear(line); },
  });
  let turn = Promise.resolve("");
  return {
    pid: child.pid,
    exited: child.exited,
    tell(line, signal) {
      // One at a time: the marker that ends an answer belongs to one question.
      const question = { line, signal, milliseconds: tools.answerLimit ?? answerLimit };
      const ours = turn.then(() => ask(child, ear, question), () => ask(child, ear, question));
      turn = ours;
      return ours;
    },
    async [Symbol.asyncDispose]() {
      // Killed and not asked: at the end of its input nft would write a history file.
      await child[Symbol.asyncDispose]();
    },
  };
}

// nft has no prompt for programs. A question about a table that cannot exist is answered on stderr, behind all complaints
// about the commands before it, and quotes the name: that line is the receipt.
class Ear {
  #errors: string[] = [];
  #receipt: { readonly marker: string; readonly done: (complaint: string) => void } | undefined;
  #count = 0;

  hear(line: string): void {
    // nft repeats the command, which may be long, and points into it.
    if (line.includes("Error: ")) this.#errors.push(line);
    if (this.#receipt === undefined || !line.includes(this.#receipt.marker)) return;
    // The last error is the one about the marker itself.
    this.#receipt.done(this.#errors.slice(0, -1).join("; "));
    this.#receipt = undefined;
  }

  listen(): { readonly marker: string; readonly complaint: Promise<string> } {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#count += 1;
    this.#errors = [];
    this.#receipt = { marker: `linkerd_mesh_receipt_${this.#count}`, done: resolve };
    return { marker: this.#receipt.marker, complaint: promise };
  }
}

interface Question {
  readonly line: string;
  readonly signal: AbortSignal;
  readonly milliseconds: number;
}

async function ask(child: Child, ear: Ear, question: Question): Promise<string> {
  question.signal.throwIfAborted();
  const { marker, complaint } = ear.listen();
  const bounded = AbortSignal.any([question.signal, AbortSignal.timeout(question.milliseconds)]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    reject(question.signal.aborted ? question.signal.reason : failed(`nft did not answer within ${question.milliseconds / 1_000} s`));
  };
  bounded.addEventListener("abort", abort, { once: true });
  void child.exited.then((exit) => reject(failed(`nft ended with ${exit.signal ?? `exit code ${exit.code}`}`)));
  try {
    await Promise.race([child.write(`${question.line}\nlist table inet ${marker}\n`), ended]);
    return await Promise.race([complaint, ended]);
  } finally {
    bounded.removeEventListener("abort", abort);
  }
}

function failed(what: string): MeshError {
  return new MeshError("REDIRECT_FAILED", { doing: "talking to the nft that holds the table", what });
}
