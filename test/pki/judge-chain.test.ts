import assert from "node:assert/strict";
import { explainJudgement, judgeChain, type ChainProblem } from "../../src/pki/judge-chain.ts";
import { readChain } from "../../src/pki/read-chain.ts";
import { KeyUsageFlags } from "@peculiar/x509";
import { mintCertificate, pemOf, type CertificateWish, type Issued } from "../fakes/certificates.ts";

const id = "spiffe://mesh.test/vm/orders";
const hour = 3_600_000;

interface Wishes {
  readonly root?: CertificateWish;
  readonly upstream?: CertificateWish;
  readonly server?: CertificateWish;
  readonly leaf?: CertificateWish;
}

/** SPIRE below Linkerd's root: leaf ← server CA ← upstream CA ← root. */
async function makeChain(wishes: Wishes = {}) {
  const root = await mintCertificate({ subject: "CN=root", ca: true, ...wishes.root });
  const upstream = await mintCertificate({ subject: "CN=upstream", issuer: root, ca: true, ...wishes.upstream });
  const server = await mintCertificate({ subject: "CN=server", issuer: upstream, ca: true, ...wishes.server });
  const leaf = await mintCertificate({ subject: "CN=leaf", issuer: server, uris: [id], ...wishes.leaf });
  return { root, upstream, server, leaf };
}

const judge = async (chain: readonly Issued[], anchors: readonly Issued[]) => judgePem(pemOf(...chain), pemOf(...anchors));
const judgePem = async (chain: string, anchors: string) => judgeChain({ facts: await readChain(chain, anchors), id, now: new Date() });

describe("a chain judged as Linkerd's proxy judges it", () => {
  it("that leads to the root is trusted, in any order of its CAs and among other anchors", async () => {
    const { root, upstream, server, leaf } = await makeChain();
    const other = await mintCertificate({ subject: "CN=root", ca: true });
    for (const chain of [[leaf, server, upstream], [leaf, upstream, server], [leaf, server, upstream, root, other]]) {
      const judgement = await judge(chain, [other, root]);
      assert.deepEqual(judgement, { trusted: true, path: ["CN=leaf", "CN=server", "CN=upstream", "CN=root"], warnings: [] });
      assert.equal(explainJudgement(judgement, id), undefined);
    }
  });

  it("that leads to an anchor in the middle is trusted", async () => {
    const { upstream, server, leaf } = await makeChain();
    assert.equal((await judge([leaf, server], [upstream])).trusted, true);
  });

  const pathLengths: readonly [string, boolean | number, boolean | number, "ok" | "warned" | ChainProblem][] = [
    ["none, none", true, true, "ok"],
    ["none, 1", true, 1, "ok"],
    ["none, 0", true, 0, "path-too-long"],
    ["2, 1", 2, 1, "ok"],
    ["2, none", 2, true, "ok"],
    ["1, 1 (step's root and WME's guide)", 1, 1, "warned"],
    ["1, none", 1, true, "warned"],
    ["0, 1", 0, 1, "warned"],
    ["2, 0", 2, 0, "path-too-long"],
  ];
  for (const [name, rootLength, upstreamLength, expected] of pathLengths) {
    it(`with path lengths of root and upstream CA ${name}: ${expected}`, async () => {
      const { root, upstream, server, leaf } = await makeChain({ root: { ca: rootLength }, upstream: { ca: upstreamLength } });
      const judgement = await judge([leaf, server, upstream], [root]);
      const outcome = judgement.trusted ? (judgement.warnings.length > 0 ? "warned" : "ok") : judgement.problem;
      assert.equal(outcome, expected);
    });
  }

  it("with step's root in the bundle beside the upstream CA is trusted without a warning", async () => {
    const { root, upstream, server, leaf } = await makeChain({ root: { ca: 1 }, upstream: { ca: 1 } });
    assert.deepEqual(await judge([leaf, server, upstream], [upstream, root]), { trusted: true, path: ["CN=leaf", "CN=server", "CN=upstream"], warnings: [] });
  });

  const past = { notBefore: new Date(Date.now() - 2 * hour), expiresAt: new Date(Date.now() - hour) };
  const future = { notBefore: new Date(Date.now() + hour), expiresAt: new Date(Date.now() + 2 * hour) };
  const refusals: readonly [string, ChainProblem, Wishes][] = [
    ["an expired leaf", "expired", { leaf: past }],
    ["a leaf of tomorrow", "not-yet-valid", { leaf: future }],
    ["an expired CA", "expired", { upstream: past }],
    ["another's id", "other-id", { leaf: { uris: [`${id}2`] } }],
    ["two ids", "other-id", { leaf: { uris: [id, `${id}2`] } }],
    ["no id", "other-id", { leaf: { uris: [] } }],
    ["a CA in the leaf's place", "other-id", { leaf: { ca: true } }],
    ["an RSA key", "key-type", { leaf: { key: "RSA" } }],
    ["a P-384 key", "key-type", { leaf: { key: "P-384" } }],
    ["a key that may not sign handshakes", "key-usage", { leaf: { keyUsage: KeyUsageFlags.keyEncipherment } }],
    ["a leaf that signed the leaf", "not-a-ca", { server: { ca: false } }],
    ["a CA that may not sign", "not-a-ca", { server: { keyUsage: KeyUsageFlags.digitalSignature } }],
  ];
  for (const [what, problem, wishes] of refusals) {
    it(`with ${what} is refused: ${problem}`, async () => {
      const { root, upstream, server, leaf } = await makeChain(wishes);
      const judgement = await judge([leaf, server, upstream], [root]);
      assert.ok(!judgement.trusted);
      assert.equal(judgement.problem, problem);
      assert.equal(explainJudgement(judgement, id)?.code, "CHAIN_INVALID");
    });
  }

  it("with an RSA or P-384 CA above a P-256 leaf is trusted", async () => {
    const { root, upstream, server, leaf } = await makeChain({ root: { key: "RSA" }, upstream: { key: "P-384" } });
    assert.equal((await judge([leaf, server, upstream], [root])).trusted, true);
  });

  it("without the CA in between is refused, and the missing issuer is named", async () => {
    const { root, server, leaf } = await makeChain();
    const judgement = await judge([leaf, server], [root]);
    assert.ok(!judgement.trusted && judgement.problem === "unknown-issuer");
    assert.match(judgement.what, /'CN=server' was issued by 'CN=upstream'/u);
  });

  it("whose anchor has the right name and another key is refused", async () => {
    const { upstream, server, leaf } = await makeChain();
    const impostor = await mintCertificate({ subject: "CN=root", ca: true });
    const judgement = await judge([leaf, server, upstream], [impostor]);
    assert.ok(!judgement.trusted && judgement.problem === "unknown-issuer");
  });

  it("below an expired anchor is trusted with a warning, for the proxy does not look at an anchor's lifetime", async () => {
    const { root, upstream, server, leaf } = await makeChain({ root: past });
    const judgement = await judge([leaf, server, upstream], [root]);
    assert.ok(judgement.trusted);
    assert.match(judgement.warnings[0] ?? "", /Go or OpenSSL .* expired/u);
  });

  it("below a renewed anchor, same key and name, is trusted", async () => {
    const { root, upstream, server, leaf } = await makeChain({ root: past });
    const renewed = await mintCertificate({ subject: "CN=root", ca: true, keys: root.keys });
    assert.deepEqual((await judge([leaf, server, upstream], [renewed])), { trusted: true, path: ["CN=leaf", "CN=server", "CN=upstream", "CN=root"], warnings: [] });
  });

  it("in a ring of CAs that sign each other ends", async () => {
    const a = await mintCertificate({ subject: "CN=a", ca: true });
    const b = await mintCertificate({ subject: "CN=b", issuer: a, ca: true });
    const ring = await mintCertificate({ subject: "CN=a", issuer: b, ca: true, keys: a.keys });
    const leaf = await mintCertificate({ issuer: b, uris: [id] });
    const root = await mintCertificate({ ca: true });
    const judgement = await judge([leaf, b, ring], [root]);
    assert.ok(!judgement.trusted && judgement.problem === "unknown-issuer");
  });

  it("that cannot be read, or without anchors, is refused", async () => {
    const { root, leaf } = await makeChain();
    const problems = await Promise.all([
      judgePem("", pemOf(root)),
      judgePem(pemOf(leaf), ""),
      judgePem(`${pemOf(leaf)}-----BEGIN CERTIFICATE-----\nAAAA`, pemOf(root)),
    ]);
    assert.deepEqual(problems.map((judgement) => (judgement.trusted ? "trusted" : judgement.problem)), ["chain-unreadable", "anchors-unreadable", "chain-unreadable"]);
  });
});
