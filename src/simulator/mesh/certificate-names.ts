import type { TLSSocket } from "node:tls";

/** The first name of a certificate, which the mesh takes for its owner's identity: a SPIFFE id or a DNS-like name. */
export function parseFirstName(subjectAltName: string | undefined): string | undefined {
  return parseNames(subjectAltName)[0];
}

/** All names of a certificate, from the text that Node gives: `URI:spiffe://…, DNS:…`. */
export function parseNames(subjectAltName: string | undefined): readonly string[] {
  // Node quotes a name that could be mistaken for two; no name of the mesh needs that.
  const unquoted = (subjectAltName ?? "").replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""');
  return unquoted.split(", ").flatMap((entry) => /^(?:URI|DNS):(?<name>[^"]+)$/.exec(entry)?.groups?.["name"] ?? []);
}

/** What one side of a TLS connection saw of the other. */
export interface PeerFacts {
  /** Undefined when the other side showed no certificate. */
  readonly identity: string | undefined;
  /** Serial number of its certificate, hexadecimal. */
  readonly serial: string | undefined;
  readonly tlsVersion: string;
  readonly alpn: string;
}

/** Looks at the far end of a connection whose handshake is done. */
export function readPeer(socket: TLSSocket): PeerFacts {
  const certificate = socket.getPeerCertificate();
  const alpn = socket.alpnProtocol;
  return {
    identity: parseFirstName(certificate?.subjectaltname),
    serial: certificate?.serialNumber,
    tlsVersion: socket.getProtocol() ?? "",
    alpn: typeof alpn === "string" ? alpn : "",
  };
}
