import { parseCertificates, verifySignature, type JudgedCertificate } from "./certificate.ts";

/** A chain and the anchors it shall lead to, with who signed whom; undefined is what could not be read. */
export interface ChainFacts {
  /** Leaf first. */
  readonly chain: readonly JudgedCertificate[] | undefined;
  readonly anchors: readonly JudgedCertificate[] | undefined;
  /** For each certificate of the chain those that really signed it, anchors and others. */
  readonly signers: ReadonlyMap<JudgedCertificate, ReadonlySet<JudgedCertificate>>;
}

/** Reads chain and anchors from PEM and checks every signature that may matter, so that judging needs no waiting. */
export async function readChain(chainPem: string, anchorsPem: string): Promise<ChainFacts> {
  const chain = parseCertificates(chainPem);
  const anchors = parseCertificates(anchorsPem);
  const issuers = [...(anchors ?? []), ...(chain ?? [])];
  const signers = new Map<JudgedCertificate, Set<JudgedCertificate>>();
  for (const certificate of chain ?? []) signers.set(certificate, await listSigners(certificate, issuers));
  return { chain, anchors, signers };
}

async function listSigners(certificate: JudgedCertificate, issuers: readonly JudgedCertificate[]): Promise<Set<JudgedCertificate>> {
  const named = issuers.filter(({ subject }) => subject === certificate.issuer);
  const verified = await Promise.all(named.map((issuer) => verifySignature(certificate, issuer)));
  return new Set(named.filter((_, index) => verified[index]));
}
