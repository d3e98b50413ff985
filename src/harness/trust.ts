import type { MeshError } from "../model/errors.ts";
import { findChainProblem } from "../spiffe/chain.ts";
import type { Identity } from "../spiffe/identity-watch.ts";

/**
 * Why the proxy would refuse the identity that SPIRE gave, although it may well be an identity: its chain does not lead
 * to an anchor now. The proxy itself would only say that it waits. Undefined when there is nothing to say.
 */
export async function findTrustProblem({ svid, anchors }: Identity, now: Date): Promise<MeshError | undefined> {
  const { cert } = svid.tlsCredentials();
  if (findChainProblem(cert, anchors.pem(), now) === undefined) return undefined;
  // What judges a chain in full costs 40 MB: it is loaded only where the short look found something.
  const [{ readChain }, { judgeChain, explainJudgement }] = await Promise.all([import("../pki/read-chain.ts"), import("../pki/judge-chain.ts")]);
  const judgement = judgeChain({ facts: await readChain(cert, anchors.pem()), id: svid.id, now });
  return explainJudgement(judgement, svid.id);
}
