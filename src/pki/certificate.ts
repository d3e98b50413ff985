import "reflect-metadata";
import {
  BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension,
  SubjectAlternativeNameExtension, X509Certificate,
} from "@peculiar/x509";

/** A certificate as those values that decide whether it is trusted. */
export interface JudgedCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly expiresAt: Date;
  readonly isCa: boolean;
  /** How many CAs may stand between it and the leaf; no limit when undefined. */
  readonly pathLength: number | undefined;
  readonly uris: readonly string[];
  /** `ECDSA P-256`, `RSASSA-PKCS1-v1_5`, `Ed25519`, … */
  readonly keyType: string;
  /** What the certificate's key may do, where the certificate says so at all. */
  readonly mayIdentify: boolean;
  readonly maySignCertificates: boolean;
}

const parsed = new WeakMap<JudgedCertificate, X509Certificate>();

/** Reads every certificate of a PEM text, in its order; undefined when one cannot be read or there are none. */
export function parseCertificates(pem: string): readonly JudgedCertificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu) ?? [];
  const begun = pem.match(/-----BEGIN CERTIFICATE-----/gu) ?? [];
  if (blocks.length === 0 || blocks.length < begun.length) return undefined;
  try {
    return blocks.map((block) => describe(new X509Certificate(block)));
  } catch {
    return undefined;
  }
}

function describe(x509: X509Certificate): JudgedCertificate {
  const constraints = x509.getExtension(BasicConstraintsExtension);
  const usages = x509.getExtension(KeyUsagesExtension)?.usages;
  const purposes = x509.getExtension(ExtendedKeyUsageExtension)?.usages;
  const names = x509.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const certificate: JudgedCertificate = {
    subject: x509.subject,
    issuer: x509.issuer,
    notBefore: x509.notBefore,
    expiresAt: x509.notAfter,
    isCa: constraints?.ca ?? false,
    pathLength: constraints?.pathLength,
    uris: names.filter(({ type }) => type === "url").map(({ value }) => value),
    keyType: renderKeyType(x509.publicKey.algorithm as { readonly name: string }),
    mayIdentify: allows(usages, KeyUsageFlags.digitalSignature) && servesBothSides(purposes),
    maySignCertificates: allows(usages, KeyUsageFlags.keyCertSign),
  };
  parsed.set(certificate, x509);
  return certificate;
}

/** Tells whether the issuer's key made the certificate's signature; only of certificates that parseCertificates gave. */
export async function verifySignature(certificate: JudgedCertificate, issuer: JudgedCertificate): Promise<boolean> {
  const [signed, authority] = [parsed.get(certificate), parsed.get(issuer)];
  if (signed === undefined || authority === undefined) return false;
  try {
    return await signed.verify({ publicKey: authority.publicKey, signatureOnly: true });
  } catch {
    // An algorithm that the two do not share is no signature of that issuer.
    return false;
  }
}

function renderKeyType(algorithm: { readonly name: string }): string {
  return "namedCurve" in algorithm ? `${algorithm.name} ${String(algorithm.namedCurve)}` : algorithm.name;
}

function allows(usages: KeyUsageFlags | undefined, wanted: KeyUsageFlags): boolean {
  return usages === undefined || (usages & wanted) !== 0;
}

/** A mesh proxy is client and server with one certificate. */
function servesBothSides(purposes: readonly unknown[] | undefined): boolean {
  return purposes === undefined || (purposes.includes(ExtendedKeyUsage.serverAuth) && purposes.includes(ExtendedKeyUsage.clientAuth));
}
