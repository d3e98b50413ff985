import { createHash } from "node:crypto";
import type { Certificate } from "./certificate.ts";

/** The trust anchors of a trust domain: a set, so neither order nor repetition matters. */
export class TrustBundle {
  /** Without repetition, in the order of their fingerprints. */
  readonly certificates: readonly Certificate[];
  /** SHA-256 over the set; equal exactly when the anchors are the same. */
  readonly fingerprint: string;

  constructor(certificates: readonly Certificate[]) {
    const byFingerprint = new Map(certificates.map((certificate) => [certificate.fingerprint, certificate]));
    const sorted = [...byFingerprint].sort(([a], [b]) => (a < b ? -1 : 1));
    this.certificates = sorted.map(([, certificate]) => certificate);
    this.fingerprint = createHash("sha256").update(sorted.map(([fingerprint]) => fingerprint).join("\n")).digest("hex");
  }

  /** All anchors as PEM, in a stable order. */
  pem(): string {
    return this.certificates.map((certificate) => certificate.pem()).join("");
  }

  /** This bundle and further anchors, as those of TRUST_ANCHORS_FILE. */
  with(certificates: readonly Certificate[]): TrustBundle {
    return certificates.length === 0 ? this : new TrustBundle([...this.certificates, ...certificates]);
  }
}
