import { Header } from "./generated/transport-header.ts";

/** What the sender wants of the far proxy: where to, and whether HTTP/2 follows. */
export interface TransportHeader {
  /** Port of the application on the far machine. */
  readonly port: number;
  /** Set for a gateway only. */
  readonly name: string;
  /** Absent: the bytes are passed on as they are. */
  readonly session: "http1" | "http2" | undefined;
}

/** ALPN protocol by which both proxies agree that a transport header comes first. */
export const transportAlpn = "transport.l5d.io/v1";

const magic = Buffer.from(`${transportAlpn}\r\n\r\n`, "ascii");
const lengthBytes = 4;
/** Longest message that is taken; a header is a port, a name and one flag. */
const longestMessage = 16 * 1024;

/** The bytes that go before everything else on a connection to a proxy's own port. */
export function encodeTransportHeader({ port, name, session }: TransportHeader): Buffer {
  const kind = session === undefined ? undefined : ({ $case: session, value: {} } as const);
  const message = Header.encode({ port, name, sessionProtocol: kind && { kind } }).finish();
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(message.length);
  return Buffer.concat([magic, length, message]);
}

/** What has been read so far: more is needed, the header and what came behind it, or no header at all. */
export type DecodedHeader =
  | { readonly state: "more" }
  | { readonly state: "header"; readonly header: TransportHeader; readonly rest: Buffer }
  | { readonly state: "refused"; readonly why: string };

/** Reads a transport header from the bytes that have come so far; call it again with all of them when more have come. */
export function decodeTransportHeader(bytes: Buffer): DecodedHeader {
  const seen = Math.min(bytes.length, magic.length);
  if (!bytes.subarray(0, seen).equals(magic.subarray(0, seen))) return { state: "refused", why: "the connection does not begin with a transport header" };
  if (bytes.length < magic.length + lengthBytes) return { state: "more" };
  const length = bytes.readUInt32BE(magic.length);
  if (length > longestMessage) return { state: "refused", why: `the transport header says that it is ${length} bytes long` };
  const end = magic.length + lengthBytes + length;
  if (bytes.length < end) return { state: "more" };
  return decodeMessage(bytes.subarray(magic.length + lengthBytes, end), bytes.subarray(end));
}

function decodeMessage(message: Buffer, rest: Buffer): DecodedHeader {
  try {
    const { port, name, sessionProtocol } = Header.decode(message);
    if (port < 1 || port > 65_535) return { state: "refused", why: `the transport header names port ${port}` };
    return { state: "header", header: { port, name, session: sessionProtocol?.kind?.$case }, rest };
  } catch {
    return { state: "refused", why: "the transport header is not a message of its protocol" };
  }
}
