/** Cuts concatenated DER values apart by their outer lengths; undefined when the bytes are not exactly such a row. */
export function splitDer(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const values: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = readSize(bytes.subarray(at));
    if (size === undefined || at + size > bytes.length) return undefined;
    values.push(bytes.subarray(at, at + size));
    at += size;
  }
  return values;
}

const sequence = 0x30;

/** Size of the SEQUENCE at the start, header included. DER knows no indefinite length, and 4 length bytes are enough for any certificate. */
function readSize(bytes: Uint8Array): number | undefined {
  const [tag, length] = bytes;
  if (tag !== sequence || length === undefined) return undefined;
  if (length < 0x80) return 2 + length;
  const count = length & 0x7f;
  if (count < 1 || count > 4 || bytes.length < 2 + count) return undefined;
  let size = 0;
  for (const byte of bytes.subarray(2, 2 + count)) size = size * 256 + byte;
  return 2 + count + size;
}
