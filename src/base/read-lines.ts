/** The lines of a stream without their ends, one after the other; throws at one longer than `most` characters. An unfinished last line is none. */
export async function* readLines(stream: AsyncIterable<unknown>, most: number): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of stream) {
    const lines = (rest + (part instanceof Uint8Array ? decoder.decode(part, { stream: true }) : String(part))).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length > most) throw new Error(`a line of more than ${most} characters`);
  }
}
