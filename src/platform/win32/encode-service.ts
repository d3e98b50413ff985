import type { ServiceStatus } from "./plan-service-states.ts";

const ownProcess = 0x10;

/** A service's status as it is told: SERVICE_STATUS. */
export function encodeServiceStatus({ state, controls, exit, specificExit, checkpoint, waitHint }: ServiceStatus): Buffer {
  return encodeWords([ownProcess, state, controls, exit, specificExit, checkpoint, waitHint]);
}

/** SERVICE_STATUS_PROCESS, as far as anybody asks. */
export function decodeServiceStatus(bytes: Buffer): { readonly state: number; readonly exit: number; readonly specificExit: number; readonly pid: number } {
  return { state: bytes.readUInt32LE(4), exit: bytes.readUInt32LE(12), specificExit: bytes.readUInt32LE(16), pid: bytes.readUInt32LE(28) };
}

/** A row of 32-bit numbers. */
export function encodeWords(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
  return bytes;
}

/** A row of addresses and of numbers that stand in a place as large. */
export function encodePointers(pointers: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(pointers.length * 8);
  for (const [index, pointer] of pointers.entries()) bytes.writeBigUInt64LE(pointer, index * 8);
  return bytes;
}

/** A text as Windows reads it, with its closing zero. */
export function encodeText(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le");
}

/** Several texts, each with its closing zero, and one more; no text is two zeros. */
export function encodeTexts(texts: readonly string[]): Buffer {
  if (texts.length === 0) return Buffer.alloc(4);
  return Buffer.from(`${texts.map((text) => `${text}\0`).join("")}\0`, "utf16le");
}
