import assert from "node:assert/strict";
import fc from "fast-check";
import { currentLogFile, logFileNames, parseBeginning, planArchive, planBeginning } from "../../../src/model/log-files.ts";
import { renderLogRecord } from "../../../src/model/log-record.ts";
import { LogReader, type LogPiece } from "../../../src/cli/logs/read-files.ts";

const time = "2026-01-01T00:00:00.000Z";

/** The files in memory, and a writer that does one system call at a time, as another process sees it. */
class Writer {
  readonly texts = new Map<string, string>(logFileNames.map((name) => [name, ""]));
  readonly written: string[] = [];
  readonly #steps: Iterator<void>;
  done = false;

  constructor(lines: readonly string[], limit: number) {
    this.#steps = this.#write(lines, limit);
  }

  step(): void {
    this.done ||= this.#steps.next().done === true;
  }

  readPart(name: string, from: number, most: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(Buffer.from(this.texts.get(name) ?? "").subarray(from, from + most));
  }

  *#write(lines: readonly string[], limit: number): Generator<void, void, void> {
    let part = 1;
    yield this.#set(currentLogFile, beginning(part));
    for (const line of lines) {
      if (this.#text(currentLogFile).length + line.length + 1 > limit) {
        yield* this.#archive(part);
        part += 1;
        yield this.#set(currentLogFile, beginning(part));
      }
      this.written.push(line);
      yield this.#set(currentLogFile, `${this.#text(currentLogFile)}${line}\n`);
    }
  }

  *#archive(part: number): Generator<void, void, void> {
    const name = planArchive(part, logFileNames.slice(1).map((other) => parseBeginning(this.#text(other))));
    const text = this.#text(currentLogFile);
    yield this.#set(name, "");
    const middle = Math.ceil(text.length / 2);
    yield this.#set(name, text.slice(0, middle));
    yield this.#set(name, text);
    yield this.#set(currentLogFile, "");
  }

  #text(name: string): string {
    return this.texts.get(name) ?? "";
  }

  #set(name: string, text: string): void {
    this.texts.set(name, text);
  }
}

describe("reading the files of a log while they are written", () => {
  it("gives every line once and in order, whatever the writer does between two reads", async () => {
    const paces = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 40 });
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 130, max: 400 }), paces, async (count, limit, pace) => {
      const { read, writer, gaps } = await follow(Array.from({ length: count }, (_value, index) => `line ${index}`), { limit, pace });
      if (gaps === 0) assert.deepEqual(read, writer.written);
      else assert.deepEqual(read, writer.written.filter((line) => read.includes(line)), "in order, none twice");
      assert.equal(read.at(-1), writer.written.at(-1), "the last is always there");
    }), { numRuns: 300 });
  });

  it("misses nothing while the writer is less than four files ahead", async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 40 }), async (pace) => {
      const { read, writer, gaps } = await follow(Array.from({ length: 90 }, (_value, index) => `line ${index}`), { limit: 400, pace: [...pace, 0] });
      assert.equal(gaps, 0);
      assert.deepEqual(read, writer.written);
    }));
  });

  it("says that lines are gone when the writer was too fast", async () => {
    const writer = new Writer(Array.from({ length: 500 }, (_value, index) => `line ${index}`), 200);
    const reader = new LogReader(writer, (name) => name);
    for (let step = 0; step < 5; step += 1) writer.step();
    await linesOf(reader);
    while (!writer.done) writer.step();
    const pieces: LogPiece[] = [];
    for await (const piece of reader.readOn()) pieces.push(piece);
    assert.deepEqual(pieces[0], { kind: "gap" });
    assert.deepEqual(pieces.at(-1), { kind: "line", line: "line 499" });
    assert.equal(pieces.filter(({ kind }) => kind === "gap").length, 1);
  });

  it("takes the whole of a part whose copy was interrupted, once", async () => {
    const whole = `${beginning(3)}a\nb\nc\n`;
    const texts = new Map([["harness.log", whole], ["harness.2.log", whole.slice(0, -4)], ["harness.4.log", `${beginning(2)}before\n`]]);
    assert.deepEqual(await readAll(texts), ["before", "a", "b", "c"]);
  });

  it("reads what somebody else wrote first, and what has no end in a part that is over", async () => {
    const texts = new Map([["harness.log", `${beginning(2)}new\n`], ["harness.1.log", `${beginning(1)}old\ntorn`], ["harness.3.log", "foreign\n"]]);
    assert.deepEqual(await readAll(texts), ["foreign", "old", "torn", "new"]);
  });

  it("keeps back a line that is being written, until it is asked for", async () => {
    const texts = new Map([["harness.log", `${beginning(1)}whole\nhal`]]);
    const reader = new LogReader({ readPart: readPartOf(texts) }, (name) => name);
    assert.deepEqual(await linesOf(reader), ["whole"]);
    assert.equal(await reader.readTail(), "hal");
    texts.set("harness.log", `${beginning(1)}whole\nhalf\n`);
    assert.deepEqual(await linesOf(reader), ["half"]);
    assert.equal(await reader.readTail(), undefined);
  });

  it("begins again when all was removed and the numbers with it", async () => {
    const texts = new Map([["harness.log", `${beginning(5)}before\n`]]);
    const reader = new LogReader({ readPart: readPartOf(texts) }, (name) => name);
    await linesOf(reader);
    texts.delete("harness.log");
    assert.deepEqual(await linesOf(reader), []);
    texts.set("harness.log", `${beginning(1)}after\n`);
    assert.deepEqual(await linesOf(reader), ["after"]);
  });

  it("reads files of any size, and lines longer than what is read at once", async () => {
    const long = "x".repeat(600_000);
    const lines = [...Array.from({ length: 40_000 }, (_value, index) => `line ${index} é`), long, "end"];
    const read = await readAll(new Map([["harness.log", `${beginning(1)}${lines.join("\n")}\n`]]));
    assert.equal(read.join(""), lines.join(""), "nothing is lost, if cut");
    assert.deepEqual(read.slice(0, 40_000), lines.slice(0, 40_000));
  });

  it("finds nothing where nothing is", async () => {
    assert.deepEqual(await readAll(new Map()), []);
    assert.deepEqual(await readAll(new Map([["harness.log", ""], ["harness.1.log", ""]])), []);
  });
});

async function follow(lines: readonly string[], { limit, pace }: { readonly limit: number; readonly pace: readonly number[] }): Promise<{ read: readonly string[]; writer: Writer; gaps: number }> {
  const writer = new Writer(lines, limit);
  let [reads, begun] = [0, false];
  const advance = (): void => {
    const steps = begun ? pace[reads % pace.length] ?? 0 : 0;
    reads += 1;
    for (let step = 0; step < steps; step += 1) writer.step();
  };
  const reader = new LogReader({
    readPart: (name, from, most) => {
      advance();
      return writer.readPart(name, from, most);
    },
  }, (name) => name);
  const pieces: LogPiece[] = [];
  // A reader that knows where it is knows what it misses.
  writer.step();
  for await (const piece of reader.readOn()) pieces.push(piece);
  begun = true;
  while (!writer.done) {
    for await (const piece of reader.readOn()) pieces.push(piece);
    writer.step();
  }
  for await (const piece of reader.readOn()) pieces.push(piece);
  return { read: pieces.flatMap((piece) => (piece.kind === "line" ? [piece.line] : [])), writer, gaps: pieces.filter(({ kind }) => kind === "gap").length };
}

async function readAll(texts: ReadonlyMap<string, string>): Promise<readonly string[]> {
  return linesOf(new LogReader({ readPart: readPartOf(texts) }, (name) => name));
}

async function linesOf(reader: LogReader): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const piece of reader.readOn()) if (piece.kind === "line") lines.push(piece.line);
  return lines;
}

function readPartOf(texts: ReadonlyMap<string, string>): (name: string, from: number, most: number) => Promise<Uint8Array | undefined> {
  return (name, from, most) => {
    const text = texts.get(name);
    return Promise.resolve(text === undefined ? undefined : Buffer.from(text).subarray(from, from + most));
  };
}

function beginning(part: number): string {
  return `${renderLogRecord(planBeginning(part, time), "text")}\n`;
}
