import { shortestTokenKey } from "./lease-tokens.ts";

/** Keys of a file, the one that signs first; or why there is none. */
export type ParsedKeys = { readonly ok: true; readonly keys: readonly [Uint8Array, ...Uint8Array[]] } | { readonly ok: false; readonly what: string };

/**
 * Reads a file of token keys: raw bytes, or text with one key to a line, each base64 or hex. The first line signs, the
 * others are accepted still. A text that is neither is refused: a passphrase is guessed before a key is.
 */
export function parseTokenKeys(bytes: Uint8Array): ParsedKeys {
  if (bytes.length === 0) return { ok: false, what: "it is empty" };
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09);
  const keys = isText ? parseLines(new TextDecoder().decode(bytes)) : [bytes];
  if (keys.includes(undefined)) return { ok: false, what: "a line is neither base64 nor hex" };
  const [first, ...others] = keys.filter((key) => key !== undefined);
  if (first === undefined) return { ok: false, what: "it holds no key" };
  const short = [first, ...others].find((key) => key.length < shortestTokenKey);
  if (short !== undefined) return { ok: false, what: `a key has ${short.length} bytes; ${shortestTokenKey} are the least` };
  return { ok: true, keys: [first, ...others] };
}

function parseLines(text: string): readonly (Uint8Array | undefined)[] {
  return text.split(/[\r\n]+/u).map((line) => line.trim()).filter((line) => line !== "").map(parseKey);
}

// Hex first: every hex text would be base64 too, and be another key.
function parseKey(line: string): Uint8Array | undefined {
  if (/^(?:[0-9a-f]{2})+$/iu.test(line)) return Buffer.from(line, "hex");
  return /^[\w+/-]+={0,2}$/u.test(line) ? Buffer.from(line.replace(/=+$/u, ""), "base64url") : undefined;
}
