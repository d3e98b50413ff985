/** Who one is on a TLS connection and whom one believes; an SVID of the Workload API is one. */
export interface TlsIdentity {
  /** SPIFFE id. */
  readonly id: string;
  /** Another value is another certificate. */
  readonly fingerprint: string;
  readonly expiresAt: Date;
  readonly bundle: TlsBundle;
  /** Chain, leaf first, and key, as PEM. The key is a secret. */
  tlsCredentials(): { readonly cert: string; readonly key: string };
}

/** Trust anchors. */
export interface TlsBundle {
  /** Equal exactly when the anchors are the same. */
  readonly fingerprint: string;
  pem(): string;
}

/** True when `next` lacks an anchor of `before`: who was trusted by it is no longer. */
export function isAnchorWithdrawn(before: TlsBundle, next: TlsBundle): boolean {
  if (before.fingerprint === next.fingerprint) return false;
  const kept = new Set(listAnchors(next));
  return listAnchors(before).some((anchor) => !kept.has(anchor));
}

function listAnchors(bundle: TlsBundle): readonly string[] {
  return (bundle.pem().match(/-----BEGIN CERTIFICATE-----[^-]*/gu) ?? []).map((block) => block.replaceAll(/\s/gu, ""));
}
