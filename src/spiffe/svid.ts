import { createPrivateKey, type KeyObject } from "node:crypto";
import type { ErrorCode } from "../model/error-catalogue.ts";
import { MeshError } from "../model/errors.ts";
import { parseSpiffeId } from "../model/settings/kinds/spiffe-id.ts";
import { parseDerCertificates, type Certificate } from "./certificate.ts";
import type { X509SVID } from "./generated/workload.ts";
import { TrustBundle } from "./trust-bundle.ts";

/** What an Svid is made of. */
export interface SvidParts {
  readonly id: string;
  readonly hint: string;
  /** Leaf first. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly key: KeyObject;
  readonly bundle: TrustBundle;
}

/** An identity: a SPIFFE ID with its certificate chain and key. The key leaves it only through tlsCredentials. */
export class Svid {
  readonly id: string;
  readonly trustDomain: string;
  readonly notBefore: Date;
  readonly expiresAt: Date;
  readonly dnsNames: readonly string[];
  readonly hint: string;
  /** SHA-256 of the leaf: another value is another certificate. */
  readonly fingerprint: string;
  readonly bundle: TrustBundle;
  /** Leaf first. */
  readonly chain: readonly Certificate[];
  readonly #key: KeyObject;

  constructor({ id, hint, chain, key, bundle }: SvidParts) {
    const [leaf] = chain;
    this.id = id;
    this.trustDomain = id.split("/")[2] ?? "";
    this.notBefore = leaf.notBefore;
    this.expiresAt = leaf.expiresAt;
    this.dnsNames = leaf.dnsNames;
    this.hint = hint;
    this.fingerprint = leaf.fingerprint;
    this.bundle = bundle;
    this.chain = chain;
    this.#key = key;
  }

  /** Chain and key as PEM, as TLS libraries take them. The key is a secret: give it to TLS, nowhere else. */
  tlsCredentials(): { readonly cert: string; readonly key: string } {
    return {
      cert: this.chain.map((certificate) => certificate.pem()).join(""),
      key: String(this.#key.export({ type: "pkcs8", format: "pem" })),
    };
  }

  /** What a log or a JSON output may tell of it. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { id, hint, fingerprint, dnsNames } = this;
    return { id, hint, dnsNames, notBefore: this.notBefore.toISOString(), expiresAt: this.expiresAt.toISOString(), fingerprint, bundle: this.bundle.fingerprint };
  }
}

/** Reads and checks one SVID; SVID_INVALID, SVID_KEY_TYPE and SVID_EXPIRED say what is wrong with it. */
export function parseSvid(message: X509SVID, now: Date): Svid {
  const id = parseSpiffeId(message.spiffeId);
  if (!id.ok) throw refuse("SVID_INVALID", message, `its SPIFFE ID cannot be used: ${id.reason}`);
  const chain = parseDerCertificates(message.x509Svid);
  if (chain === undefined) throw refuse("SVID_INVALID", message, "its certificates cannot be read");
  const [leaf, ...issuers] = chain as [Certificate, ...Certificate[]];
  const anchors = parseDerCertificates(message.bundle);
  if (anchors === undefined) throw refuse("SVID_INVALID", message, "its trust bundle is empty or cannot be read");
  const broken = judgeLeaf(leaf, id.value);
  if (broken !== undefined) throw refuse("SVID_INVALID", message, broken);
  const key = readKey(message, leaf);
  // Linkerd's proxy signs with ECDSA P-256 only; with another key it would look healthy and fail every handshake.
  if (leaf.keyType !== "EC prime256v1") throw refuse("SVID_KEY_TYPE", message, `its key is ${leaf.keyType}, not EC P-256`);
  if (leaf.expiresAt.getTime() <= now.getTime()) {
    throw refuse("SVID_EXPIRED", message, `it expired at ${leaf.expiresAt.toISOString()}, and here it is ${now.toISOString()}`);
  }
  return new Svid({ id: id.value, hint: message.hint, chain: [leaf, ...issuers], key, bundle: new TrustBundle(anchors) });
}

/** What breaks the X509-SVID specification, or undefined. */
function judgeLeaf(leaf: Certificate, id: string): string | undefined {
  if (leaf.isCa) return "its first certificate is a CA, so it is not that of a workload";
  if (leaf.uris.length !== 1) return `its certificate has ${leaf.uris.length} URI names, not exactly one`;
  const [uri = ""] = leaf.uris;
  const named = parseSpiffeId(uri);
  if (!named.ok || named.value !== id) return `its certificate is for ${uri}`;
  return undefined;
}

function readKey(message: X509SVID, leaf: Certificate): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(message.x509SvidKey), format: "der", type: "pkcs8" });
  } catch {
    // The cause is left out: nothing of the key may reach a log.
    throw refuse("SVID_INVALID", message, "its private key cannot be read as PKCS#8");
  }
  if (!leaf.x509.checkPrivateKey(key)) throw refuse("SVID_INVALID", message, "its private key does not belong to its certificate");
  return key;
}

function refuse(code: ErrorCode, message: X509SVID, what: string): MeshError {
  const name = message.spiffeId === "" ? "an identity without a name" : message.spiffeId;
  return new MeshError(code, { doing: `reading the identity ${name} from SPIRE`, what, target: message.spiffeId });
}
