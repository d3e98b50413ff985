import { X509Certificate } from "node:crypto";
import { splitDer } from "./der.ts";

/** A certificate as typed values. */
export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly expiresAt: Date;
  readonly isCa: boolean;
  /** URI and DNS names of the subject, in the order of the certificate. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** `EC prime256v1`, `EC secp384r1`, `RSA`, `ED25519`, … */
  readonly keyType: string;
  /** SHA-256 of the DER bytes, in hex. */
  readonly fingerprint: string;
  pem(): string;
  /** Node's own view, for checks of keys and signatures. */
  readonly x509: X509Certificate;
}

/** Reads concatenated DER certificates; undefined when they cannot be read or there are none. */
export function parseDerCertificates(bytes: Uint8Array): readonly Certificate[] | undefined {
  const values = splitDer(bytes);
  if (values === undefined || values.length === 0) return undefined;
  return readAll(values.map((value) => Buffer.from(value)));
}

/** Reads every certificate of a PEM text; undefined when one cannot be read or there are none. */
export function parsePemCertificates(text: string): readonly Certificate[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu) ?? [];
  const begun = text.match(/-----BEGIN CERTIFICATE-----/gu) ?? [];
  return blocks.length === 0 || blocks.length < begun.length ? undefined : readAll(blocks);
}

function readAll(encoded: readonly (Buffer | string)[]): readonly Certificate[] | undefined {
  try {
    return encoded.map((value) => describe(new X509Certificate(value)));
  } catch {
    return undefined;
  }
}

function describe(x509: X509Certificate): Certificate {
  const names = readAlternativeNames(x509.subjectAltName ?? "");
  const { asymmetricKeyType = "unknown", asymmetricKeyDetails } = x509.publicKey;
  return {
    subject: x509.subject,
    issuer: x509.issuer,
    serialNumber: x509.serialNumber,
    notBefore: x509.validFromDate,
    expiresAt: x509.validToDate,
    isCa: x509.ca,
    uris: names.filter(({ kind }) => kind === "URI").map(({ name }) => name),
    dnsNames: names.filter(({ kind }) => kind === "DNS").map(({ name }) => name),
    keyType: `${asymmetricKeyType.toUpperCase()} ${asymmetricKeyDetails?.namedCurve ?? ""}`.trim(),
    fingerprint: x509.fingerprint256.replaceAll(":", "").toLowerCase(),
    pem: () => x509.toString(),
    x509,
  };
}

/**
 * Node renders names as `URI:a, DNS:b` and puts those that contain a comma, a quote or the like in JSON quotes,
 * so that a name cannot pretend to be two.
 */
function readAlternativeNames(text: string): readonly { readonly kind: string; readonly name: string }[] {
  return [...text.matchAll(/(?:^|, )([^:,"]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/gu)].map(([, kind = "", quoted, plain = ""]) => ({
    kind,
    name: quoted === undefined ? plain : String(JSON.parse(quoted)),
  }));
}
