import "reflect-metadata";
import { randomBytes, type webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension, BasicConstraintsExtension, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension,
  SubjectAlternativeNameExtension, SubjectKeyIdentifierExtension, X509CertificateGenerator, type Extension, type X509Certificate,
} from "@peculiar/x509";

/** Who a certificate is for: a SPIFFE id or the DNS-like name that Linkerd gives its pods; `also` are further DNS names. */
export interface Subject {
  readonly identity: string;
  readonly also?: readonly string[];
}

/** A certificate with its chain and key, in the forms in which they are used. */
export interface Credentials {
  /** Leaf first, then the issuing CA. */
  readonly chainPem: string;
  readonly chainDer: Buffer;
  readonly keyPem: string;
  readonly keyDer: Buffer;
  readonly expiresAt: Date;
  /** Hexadecimal, as it shows in a TLS connection. */
  readonly serial: string;
}

/** Life of a certificate: from `notBefore` for `ttl` milliseconds. */
export interface Life {
  readonly notBefore: Date;
  readonly ttl: number;
}

interface Signer {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

// Linkerd's proxy presents no other kind.
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const clientAndServer = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
const longLife = 24 * 3_600_000;
/** Certificates begin a little in the past, so that a clock that lags behind takes them too; as SPIRE does. */
const backdating = 10_000;

/** A root and the CA under it that issues; keys stay in memory. */
export class Authority {
  readonly trustDomain: string;
  readonly rootPem: string;
  readonly rootDer: Buffer;
  readonly #issuer: Signer;

  private constructor(trustDomain: string, root: Signer, issuer: Signer) {
    this.trustDomain = trustDomain;
    this.rootPem = `${root.certificate.toString("pem")}\n`;
    this.rootDer = Buffer.from(root.certificate.rawData);
    this.#issuer = issuer;
  }

  /** A new authority with keys of its own. */
  static async create(trustDomain: string, now: Date): Promise<Authority> {
    const life = { notBefore: now, ttl: longLife };
    const extensions = [...certificateAuthority(), new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${trustDomain}` }])];
    const root = await sign({ name: `root.${trustDomain}`, life, extensions }, undefined);
    const issuer = await sign({ name: `issuer.${trustDomain}`, life, extensions }, root);
    return new Authority(trustDomain, root, issuer);
  }

  /** Issues a leaf for a subject. */
  async issue({ identity, also = [] }: Subject, life: Life): Promise<Credentials> {
    const first = identity.startsWith("spiffe://") ? { type: "url" as const, value: identity } : { type: "dns" as const, value: identity };
    const extensions = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(clientAndServer),
      // The proxy takes the first name for the identity.
      new SubjectAlternativeNameExtension([first, ...also.map((value) => ({ type: "dns" as const, value }))]),
    ];
    const leaf = await sign({ name: "workload", life, extensions }, this.#issuer);
    const keyDer = Buffer.from(await crypto.subtle.exportKey("pkcs8", leaf.keys.privateKey));
    const chain = [leaf.certificate, this.#issuer.certificate];
    return {
      chainPem: chain.map((certificate) => `${certificate.toString("pem")}\n`).join(""),
      chainDer: Buffer.concat(chain.map((certificate) => Buffer.from(certificate.rawData))),
      keyDer,
      keyPem: renderPem("PRIVATE KEY", keyDer),
      expiresAt: leaf.certificate.notAfter,
      serial: leaf.certificate.serialNumber.toUpperCase(),
    };
  }
}

function certificateAuthority(): readonly Extension[] {
  return [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true)];
}

async function sign(wish: { readonly name: string; readonly life: Life; readonly extensions: readonly Extension[] }, issuer: Signer | undefined): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const signing = issuer?.keys ?? keys;
  const certificate = await X509CertificateGenerator.create({
    // Positive, whatever the first bit is.
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    subject: `CN=${wish.name}`,
    issuer: issuer?.certificate.subject ?? `CN=${wish.name}`,
    notBefore: new Date(wish.life.notBefore.getTime() - backdating),
    notAfter: new Date(wish.life.notBefore.getTime() + wish.life.ttl),
    publicKey: keys.publicKey,
    signingKey: signing.privateKey,
    signingAlgorithm: algorithm,
    extensions: [...wish.extensions, await SubjectKeyIdentifierExtension.create(keys.publicKey), await AuthorityKeyIdentifierExtension.create(signing.publicKey)],
  });
  return { certificate, keys };
}

function renderPem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/gu) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
