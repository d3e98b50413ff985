import { X509Certificate } from "node:crypto";

/** Why a chain (leaf first) does not lead to an anchor now, as linkerd2-proxy judges before it takes a certificate; undefined when it does. */
export function findChainProblem(chainPem: string, anchorsPem: string, now: Date): string | undefined {
  const [chain, anchors] = [readPem(chainPem), readPem(anchorsPem)];
  const ended = chain.find(({ validToDate, validFromDate }) => validToDate <= now || validFromDate > now);
  if (ended !== undefined) return `the certificate ${ended.subject} is valid from ${ended.validFrom} to ${ended.validTo}`;
  const broken = chain.slice(0, -1).some((certificate, index) => !isSignedBy(certificate, chain[index + 1]));
  const last = chain.at(-1);
  if (broken || last === undefined || !anchors.some((anchor) => isSignedBy(last, anchor))) return "invalid peer certificate: UnknownIssuer";
  return undefined;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate | undefined): boolean {
  return issuer !== undefined && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function readPem(text: string): readonly X509Certificate[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? []).map((pem) => new X509Certificate(pem));
}
