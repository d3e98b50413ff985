/** What the first bytes of a connection are. `more` asks for more of them. */
export type FirstBytes = { readonly kind: "more" } | { readonly kind: "plain" } | { readonly kind: "tls"; readonly serverName: string | undefined };

const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const recordHeader = 5;

/** Tells TLS from anything else, and reads the server name that a client asks for; nothing is taken from the bytes. */
export function readFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes.length === 0) return { kind: "more" };
  if (bytes[0] !== handshakeRecord) return { kind: "plain" };
  if (bytes.length < recordHeader) return { kind: "more" };
  const end = recordHeader + bytes.readUInt16BE(3);
  // A ClientHello may come in several reads.
  if (bytes.length < end) return { kind: "more" };
  return { kind: "tls", serverName: findServerName(bytes.subarray(recordHeader, end)) };
}

function findServerName(hello: Buffer): string | undefined {
  try {
    if (hello[0] !== clientHello) return undefined;
    const afterRandom = 4 + 2 + 32;
    const afterSession = afterRandom + 1 + hello.readUInt8(afterRandom);
    const afterCiphers = afterSession + 2 + hello.readUInt16BE(afterSession);
    const extensions = afterCiphers + 1 + hello.readUInt8(afterCiphers);
    return findInExtensions(hello.subarray(extensions + 2, extensions + 2 + hello.readUInt16BE(extensions)));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function findInExtensions(extensions: Buffer): string | undefined {
  for (let at = 0; at + 4 <= extensions.length; at += 4 + extensions.readUInt16BE(at + 2)) {
    if (extensions.readUInt16BE(at) !== serverNameExtension) continue;
    // A list with one entry: two bytes of its length, one of its kind, two of the name's length.
    const name = at + 4 + 5;
    return extensions.subarray(name, name + extensions.readUInt16BE(name - 2)).toString("ascii");
  }
  return undefined;
}
