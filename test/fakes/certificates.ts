import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate with its key, as an issuer holds it. */
export interface Issued {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** What a certificate shall be; everything has a default that makes a good P-256 leaf of one hour. */
export interface CertificateWish {
  readonly subject?: string;
  /** Signs itself when left out. */
  readonly issuer?: Issued;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** DNS names come before URIs, as some issuers write them. */
  readonly dnsFirst?: boolean;
  /** A CA; a number limits how many CAs may follow. */
  readonly ca?: boolean | number;
  readonly notBefore?: Date;
  readonly expiresAt?: Date;
  readonly key?: "P-256" | "P-384" | "RSA" | "Ed25519";
  readonly keyUsage?: x509.KeyUsageFlags;
  /** The key to certify again, as when a root is renewed. */
  readonly keys?: webcrypto.CryptoKeyPair;
}

const keyAlgorithms = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "P-384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "RSA": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  "Ed25519": { name: "Ed25519" },
} as const;

let serial = 1;

/** Makes a real certificate. */
export async function mintCertificate(wish: CertificateWish = {}): Promise<Issued> {
  const algorithm = keyAlgorithms[wish.key ?? "P-256"];
  const keys = wish.keys ?? (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const signer = wish.issuer?.keys ?? keys;
  const now = Date.now();
  serial += 1;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString(16).padStart(4, "0"),
    subject: wish.subject ?? `CN=test ${serial}`,
    issuer: wish.issuer?.certificate.subject ?? wish.subject ?? `CN=test ${serial}`,
    notBefore: wish.notBefore ?? new Date(now - 10_000),
    notAfter: wish.expiresAt ?? new Date(now + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: { hash: "SHA-256", ...signer.privateKey.algorithm },
    extensions: await describeExtensions(wish, keys),
  });
  return { certificate, keys };
}

async function describeExtensions(wish: CertificateWish, keys: webcrypto.CryptoKeyPair): Promise<x509.Extension[]> {
  const isCa = wish.ca !== undefined && wish.ca !== false;
  const usage = wish.keyUsage ?? (isCa ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature);
  const uris = (wish.uris ?? []).map((value) => ({ type: "url" as const, value }));
  const dnsNames = (wish.dnsNames ?? []).map((value) => ({ type: "dns" as const, value }));
  const names = wish.dnsFirst === true ? [...dnsNames, ...uris] : [...uris, ...dnsNames];
  return [
    new x509.BasicConstraintsExtension(isCa, typeof wish.ca === "number" ? wish.ca : undefined, true),
    new x509.KeyUsagesExtension(usage, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ...(wish.issuer === undefined ? [] : [await x509.AuthorityKeyIdentifierExtension.create(wish.issuer.keys.publicKey)]),
    ...(isCa ? [] : [new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"])]),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ];
}

/** The certificates as concatenated DER. */
export function derOf(...issued: readonly Issued[]): Buffer {
  return Buffer.concat(issued.map(({ certificate }) => Buffer.from(certificate.rawData)));
}

/** The certificates as PEM. */
export function pemOf(...issued: readonly Issued[]): string {
  return issued.map(({ certificate }) => `${certificate.toString("pem")}\n`).join("");
}

/** The private key as PKCS#8 DER. */
export async function keyDerOf({ keys }: Issued): Promise<Buffer> {
  return Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
}

/** The private key as PKCS#8 PEM. */
export async function keyPemOf(issued: Issued): Promise<string> {
  const lines = (await keyDerOf(issued)).toString("base64").match(/.{1,64}/gu) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}
