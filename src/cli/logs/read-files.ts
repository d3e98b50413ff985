import { beginningBytes, currentLogFile, logFileNames, parseBeginning } from "../../model/log-files.ts";
import type { Files } from "../../platform/host.ts";

/** What reading the files of a log gives: its lines, and where some of them are gone. */
export type LogPiece = { readonly kind: "line"; readonly line: string } | { readonly kind: "gap" };

interface Place {
  readonly part: number;
  /** The first byte that was not read: the beginning of a line. */
  readonly offset: number;
}

const readAtOnce = 256 * 1024;

/**
 * Reads a log out of its files while somebody writes to it, every line once and in order. The numbers of the parts say what
 * follows what; a file that held another part after it was read than before tells nothing, for it was written over.
 */
export class LogReader {
  readonly #files: Pick<Files, "readPart">;
  readonly #pathOf: (name: string) => string;
  #place: Place | undefined;

  constructor(files: Pick<Files, "readPart">, pathOf: (name: string) => string) {
    this.#files = files;
    this.#pathOf = pathOf;
  }

  /** The lines that are complete and were not read yet. */
  async *readOn(): AsyncGenerator<LogPiece, void, void> {
    for (;;) {
      const parts = await this.#listParts();
      const place = planPlace(this.#place, parts);
      if (place === undefined) return;
      if (place.gap) yield { kind: "gap" };
      const name = parts.get(place.part) ?? currentLogFile;
      const bytes = await this.#files.readPart(this.#pathOf(name), place.offset, readAtOnce) ?? new Uint8Array();
      if ((await this.#partOf(name)) !== place.part) continue;
      const next = planNext(place.part, parts);
      const end = endOfLines(bytes, next !== undefined);
      yield* linesOf(bytes.subarray(0, end), place);
      this.#place = { part: place.part, offset: place.offset + end };
      if (end > 0) continue;
      if (next === undefined) return;
      this.#place = { part: next, offset: 0 };
    }
  }

  /** What stands at the end without a line's end: a line that is being written, or one that was torn. */
  async readTail(): Promise<string | undefined> {
    const name = (await this.#listParts()).get(this.#place?.part ?? 0);
    if (name === undefined) return undefined;
    const bytes = await this.#files.readPart(this.#pathOf(name), this.#place?.offset ?? 0, readAtOnce);
    return bytes === undefined || bytes.length === 0 ? undefined : decode(bytes);
  }

  /**
   * The files that hold anything, by part. The current one is looked at first: then no part before its own can be overlooked,
   * and what is later than it is left for the next look. While it is empty, only two looks that agree say anything.
   */
  async #listParts(): Promise<ReadonlyMap<number, string>> {
    for (let before = ""; ;) {
      const current = await this.#partOf(currentLogFile);
      const parts = new Map<number, string>();
      for (const name of logFileNames.slice(1)) {
        const part = await this.#partOf(name);
        if (part !== undefined && part <= (current ?? part)) parts.set(part, name);
      }
      // Where a copy is under way, the original counts.
      if (current !== undefined) return parts.set(current, currentLogFile);
      const seen = [...parts.keys()].join();
      if (seen === before) return parts;
      before = seen;
    }
  }

  async #partOf(name: string): Promise<number | undefined> {
    const bytes = await this.#files.readPart(this.#pathOf(name), 0, beginningBytes);
    if (bytes === undefined || bytes.length === 0) return undefined;
    const part = parseBeginning(decode(bytes));
    // What somebody else wrote comes first, the highest number before.
    return part === 0 ? -(logFileNames as readonly string[]).indexOf(name) : part;
  }
}

/** Where reading goes on, and whether lines before it are gone; undefined when there is nothing. */
export function planPlace(place: Place | undefined, parts: ReadonlyMap<number, string>): (Place & { readonly gap: boolean }) | undefined {
  const known = [...parts.keys()].toSorted((one, other) => one - other);
  const [first] = known;
  if (place === undefined) return first === undefined ? undefined : { part: first, offset: 0, gap: false };
  if (parts.has(place.part)) return { ...place, gap: false };
  const next = planNext(place.part, parts);
  if (next !== undefined) return { part: next, offset: 0, gap: true };
  // All was removed and the numbers begin again.
  const current = known.find((part) => parts.get(part) === currentLogFile);
  return current === undefined ? undefined : { part: current, offset: 0, gap: false };
}

function planNext(part: number, parts: ReadonlyMap<number, string>): number | undefined {
  const later = [...parts.keys()].filter((other) => other > part);
  return later.length === 0 ? undefined : Math.min(...later);
}

const lineFeed = 10;

// In a part that is over, what has no end is a line too; so is what fills all that is read at once.
function endOfLines(bytes: Uint8Array, over: boolean): number {
  const end = bytes.lastIndexOf(lineFeed) + 1;
  return end === 0 && (over || bytes.length === readAtOnce) ? bytes.length : end;
}

function* linesOf(bytes: Uint8Array, { part, offset }: Place): Generator<LogPiece, void, void> {
  const lines = decode(bytes).split("\n");
  for (const [index, line] of lines.entries()) {
    const beginning = offset === 0 && index === 0 && part > 0;
    if (line !== "" && !beginning) yield { kind: "line", line };
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
