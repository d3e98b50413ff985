import { createHash } from "node:crypto";

/** Accounts that every Windows has. */
export const knownSids = { system: "S-1-5-18", administrators: "S-1-5-32-544" } as const;

/** The text of a security identifier that stands at that place. */
export function decodeSid(bytes: Buffer, at: number): string {
  const count = bytes.readUInt8(at + 1);
  const authority = bytes.readUIntBE(at + 2, 6);
  const parts = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(at + 8 + index * 4));
  return ["S", bytes.readUInt8(at), authority, ...parts].join("-");
}

/** The SID that Windows derives from a service's name; the account NT SERVICE\name has it. */
export function renderServiceSid(name: string): string {
  const hash = createHash("sha1").update(Buffer.from(name.toUpperCase(), "utf16le")).digest();
  return ["S-1-5-80", ...Array.from({ length: 5 }, (_, index) => hash.readUInt32LE(index * 4))].join("-");
}

/** The owner in a self-relative security descriptor. */
export function decodeOwner(descriptor: Buffer): string | undefined {
  const at = descriptor.length < 20 ? 0 : descriptor.readUInt32LE(4);
  return at === 0 ? undefined : decodeSid(descriptor, at);
}
