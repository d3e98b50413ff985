import assert from "node:assert/strict";
import type { ErrorCode } from "../../src/model/error-catalogue.ts";
import { isMeshError, MeshError } from "../../src/model/errors.ts";
import { selectSvid } from "../../src/spiffe/select-svid.ts";
import { parseSvid, type Svid } from "../../src/spiffe/svid.ts";
import type { X509Context } from "../../src/spiffe/x509-context.ts";
import { createIssuer } from "../fakes/workload-api.ts";

const now = new Date();
const [a, b] = ["spiffe://mesh.test/a", "spiffe://mesh.test/b"];

describe("choosing the identity of the machine", () => {
  let svidOf: (id: string) => Promise<Svid>;
  before(async () => {
    const issuer = await createIssuer();
    svidOf = async (id) => parseSvid(await issuer.svid(id), now);
  });
  const contextOf = async (...ids: string[]) => ({ svids: await Promise.all(ids.map((id) => svidOf(id))), receivedAt: now });
  const broken = (id: string) => ({ id, error: new MeshError("SVID_EXPIRED", { doing: "reading", what: "it expired" }) });

  it("takes the only one, or the wanted one", async () => {
    assert.equal(selectSvid(await contextOf(a), undefined).id, a);
    assert.equal(selectSvid(await contextOf(a, b), b).id, b);
  });

  it("takes the first of several certificates for the same identity", async () => {
    const context = await contextOf(a, a);
    assert.equal(selectSvid(context, undefined), context.svids[0]);
    assert.equal(selectSvid(context, a), context.svids[0]);
  });

  const refuses = (context: X509Context, wanted: string | undefined, [code, remedy]: readonly [ErrorCode, RegExp]) =>
    assert.throws(() => selectSvid(context, wanted), (error) => isMeshError(error, code) && remedy.test(error.remedy));

  it("refuses to choose among several, and lists them", async () => {
    refuses(await contextOf(a, b), undefined, ["SVID_AMBIGUOUS", new RegExp(`one of ${a}, ${b}`, "u")]);
  });

  it("refuses others than the wanted one, and lists them", async () => {
    refuses(await contextOf(a), b, ["SVID_OTHER_ID", new RegExp(`SPIRE offers ${a}: .*-spiffeID ${b}`, "u")]);
  });

  it("refuses when there is none, and says how to make one", async () => {
    refuses(await contextOf(), undefined, ["SVID_NONE", /spire-server entry create/u]);
    refuses(await contextOf(), a, ["SVID_NONE", new RegExp(`-spiffeID ${a}`, "u")]);
  });

  it("tells what is wrong with the wanted one when it was offered and is of no use", async () => {
    refuses({ ...(await contextOf(a)), refused: [broken(b)] }, b, ["SVID_EXPIRED", /clock/u]);
    refuses({ svids: [], receivedAt: now, refused: [broken(a)] }, undefined, ["SVID_EXPIRED", /clock/u]);
  });

  it("does not take the one that happens to work today when another was offered too", async () => {
    refuses({ ...(await contextOf(a)), refused: [broken(b)] }, undefined, ["SVID_AMBIGUOUS", new RegExp(`${a}, ${b}`, "u")]);
  });
});
