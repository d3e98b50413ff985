import assert from "node:assert/strict";
import type { Identity } from "../../src/spiffe/identity-watch.ts";
import { findTrustProblem } from "../../src/harness/trust.ts";
import { parseSvid } from "../../src/spiffe/svid.ts";
import { createIssuer } from "../fakes/workload-api.ts";

const id = "spiffe://mesh.test/vm";

async function identityOf(issuer: Awaited<ReturnType<typeof createIssuer>>, bundleOf: typeof issuer): Promise<Identity> {
  const message = await issuer.svid(id);
  const other = await bundleOf.svid(id);
  const svid = parseSvid({ ...message, bundle: other.bundle }, new Date());
  return { svid, anchors: svid.bundle };
}

describe("trust in the identity that SPIRE gave", () => {
  it("has nothing to say of a chain that leads to an anchor", async () => {
    const issuer = await createIssuer();
    assert.equal(await findTrustProblem(await identityOf(issuer, issuer), new Date()), undefined);
  });

  it("leaves the last word to the full judgement: an anchor may itself end the chain", async () => {
    const issuer = await createIssuer();
    const message = await issuer.svid(id);
    const svid = parseSvid({ ...message, x509Svid: Buffer.concat([message.x509Svid, message.bundle]) }, new Date());
    assert.equal(await findTrustProblem({ svid, anchors: svid.bundle }, new Date()), undefined);
  });

  it("says which issuer is missing, and the next step", async () => {
    const problem = await findTrustProblem(await identityOf(await createIssuer(), await createIssuer("other.test")), new Date());
    assert.equal(problem?.code, "CHAIN_INVALID");
    assert.equal(problem?.target, id);
    assert.match(problem?.remedy ?? "", /TRUST_ANCHORS_FILE/);
  });

  it("says that a certificate is not valid yet, as after a jump of the clock", async () => {
    const issuer = await createIssuer();
    const problem = await findTrustProblem(await identityOf(issuer, issuer), new Date(Date.now() - 300_000));
    assert.equal(problem?.code, "CHAIN_INVALID");
    assert.match(problem?.remedy ?? "", /clock/);
  });
});
