import { MeshError } from "../model/errors.ts";
import type { JudgedCertificate } from "./certificate.ts";
import type { ChainFacts } from "./read-chain.ts";

/** A question about trust. */
export interface ChainQuestion {
  readonly facts: ChainFacts;
  /** The SPIFFE ID that the leaf must prove. */
  readonly id: string;
  readonly now: Date;
}

/** Why a chain is not trusted, most telling first when several ways were tried. */
export type ChainProblem =
  | "chain-unreadable" | "anchors-unreadable" | "other-id" | "key-type" | "key-usage"
  | "expired" | "not-yet-valid" | "not-a-ca" | "path-too-long" | "unknown-issuer";

/** The answer: trusted by which names from leaf to anchor, or why not. Warnings name verifiers other than Linkerd's proxy that would refuse. */
export type ChainJudgement =
  | { readonly trusted: true; readonly path: readonly string[]; readonly warnings: readonly string[] }
  | { readonly trusted: false; readonly problem: ChainProblem; readonly what: string };

/**
 * Judges as linkerd2-proxy does (webpki): an anchor is a name and a key, so neither its lifetime nor its path length
 * counts; everything below it does. What stricter verifiers (Go, OpenSSL) would say about the anchor is a warning.
 */
export function judgeChain({ facts, id, now }: ChainQuestion): ChainJudgement {
  const [leaf] = facts.chain ?? [];
  if (leaf === undefined) return refuse("chain-unreadable", "the certificate chain cannot be read");
  if (facts.anchors === undefined) return refuse("anchors-unreadable", "the trust anchors cannot be read, or there are none");
  return judgeLeaf(leaf, id) ?? judgeTime(leaf, now) ?? climb([leaf], facts, now);
}

/** The judgement as an error for the user, or undefined when the chain is trusted. */
export function explainJudgement(judgement: ChainJudgement, id: string): MeshError | undefined {
  if (judgement.trusted) return undefined;
  return new MeshError("CHAIN_INVALID", { doing: `checking the certificate of ${id}`, what: judgement.what, remedy: remedies[judgement.problem], target: id });
}

const remedies: Readonly<Record<ChainProblem, string>> = {
  "chain-unreadable": "See what issues the certificates: the chain must be X.509, leaf first.",
  "anchors-unreadable": "Check SPIRE's bundle and the file of TRUST_ANCHORS_FILE: both hold certificates as PEM.",
  "other-id": "Set WORKLOAD_IDENTITY to the identity that the certificate proves.",
  "key-type": 'Set workload_x509_svid_key_type = "ec-p256" in the configuration of SPIRE\'s agent: Linkerd\'s proxy uses no other kind of key.',
  "key-usage": "The issuer must allow the leaf digitalSignature, serverAuth and clientAuth.",
  "expired": "Compare this machine's clock with SPIRE's server, and look for why the expired certificate was not renewed.",
  "not-yet-valid": "Compare this machine's clock with SPIRE's server.",
  "not-a-ca": "Everything between leaf and anchor must be a CA that may sign certificates; correct SPIRE's upstream authority.",
  "path-too-long": "Mint the upstream CA with a larger path length (1 for SPIRE's server below it, 2 with a nested server), or with none.",
  "unknown-issuer": "Let SPIRE send the CA in between (bundle_file_path of its UpstreamAuthority), or add the missing anchor with TRUST_ANCHORS_FILE.",
};

function judgeLeaf(leaf: JudgedCertificate, id: string): ChainJudgement | undefined {
  const [uri] = leaf.uris;
  if (leaf.uris.length !== 1 || uri !== id) return refuse("other-id", `the certificate is for ${leaf.uris.join(" and ") || "nobody"}, not for ${id}`);
  if (leaf.isCa) return refuse("other-id", "the first certificate is a CA and not that of a workload");
  if (leaf.keyType !== "ECDSA P-256") return refuse("key-type", `the key is ${leaf.keyType}, not ECDSA P-256`);
  if (!leaf.mayIdentify) return refuse("key-usage", "the certificate does not allow to act as TLS client and server");
  return undefined;
}

function judgeTime(certificate: JudgedCertificate, now: Date): ChainJudgement | undefined {
  const { subject, notBefore, expiresAt } = certificate;
  if (expiresAt < now) return refuse("expired", `${nameOf(subject)} expired at ${expiresAt.toISOString()}`);
  if (notBefore > now) return refuse("not-yet-valid", `${nameOf(subject)} is valid only from ${notBefore.toISOString()}`);
  return undefined;
}

/** Tries every way up from the last certificate of the path. */
function climb(path: readonly JudgedCertificate[], facts: ChainFacts, now: Date): ChainJudgement {
  const last = path.at(-1) as JudgedCertificate;
  const signers = facts.signers.get(last) ?? new Set();
  const anchor = facts.anchors?.find((candidate) => signers.has(candidate));
  if (anchor !== undefined) return accept(path, anchor, now);
  let failure: ChainJudgement | undefined;
  for (const issuer of facts.chain ?? []) {
    if (!signers.has(issuer) || path.includes(issuer)) continue;
    const judgement = judgeIssuer(issuer, path.length - 1, now) ?? climb([...path, issuer], facts, now);
    if (judgement.trusted) return judgement;
    failure ??= judgement;
  }
  return failure ?? refuse("unknown-issuer", `${nameOf(last.subject)} was issued by ${nameOf(last.issuer)}, which is neither in the chain nor an anchor`);
}

function judgeIssuer(issuer: JudgedCertificate, casBelow: number, now: Date): ChainJudgement | undefined {
  const name = nameOf(issuer.subject);
  if (!issuer.isCa || !issuer.maySignCertificates) return refuse("not-a-ca", `${name} signed a certificate and is no CA`);
  if (issuer.pathLength !== undefined && casBelow > issuer.pathLength) {
    return refuse("path-too-long", `${name} allows ${issuer.pathLength} CAs below it, and there are ${casBelow}`);
  }
  return judgeTime(issuer, now);
}

function accept(path: readonly JudgedCertificate[], root: JudgedCertificate, now: Date): ChainJudgement {
  const strict = judgeIssuer(root, path.length - 1, now);
  const warnings = strict === undefined || strict.trusted ? [] : [`peers that use Go or OpenSSL refuse this chain: ${strict.what}`];
  return { trusted: true, path: [...path, root].map(({ subject }) => subject), warnings };
}

function refuse(problem: ChainProblem, what: string): ChainJudgement {
  return { trusted: false, problem, what };
}

function nameOf(subject: string): string {
  return subject === "" ? "the certificate without a name" : `'${subject}'`;
}
