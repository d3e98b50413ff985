/** Everything that a stream of bytes or text carries, as text; characters that are cut between two parts stay whole. */
export async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) text += part instanceof Uint8Array ? decoder.decode(part, { stream: true }) : String(part);
  return text + decoder.decode();
}
