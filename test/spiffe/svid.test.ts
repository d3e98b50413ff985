import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { inspect } from "node:util";
import type { ErrorCode } from "../../src/model/error-catalogue.ts";
import { isMeshError } from "../../src/model/errors.ts";
import { parseDerCertificates, parsePemCertificates } from "../../src/spiffe/certificate.ts";
import { X509SVIDResponse, type X509SVID } from "../../src/spiffe/generated/workload.ts";
import { parseSvid } from "../../src/spiffe/svid.ts";
import { TrustBundle } from "../../src/spiffe/trust-bundle.ts";
import { parseX509Context } from "../../src/spiffe/x509-context.ts";
import { derOf, keyDerOf, keyPemOf, mintCertificate, pemOf, type CertificateWish, type Issued } from "../fakes/certificates.ts";

const id = "spiffe://mesh.test/vm/orders";
const now = new Date();

interface Sample {
  readonly root: Issued;
  readonly middle: Issued;
  readonly leaf: Issued;
  readonly message: X509SVID;
}

async function makeSample(wish: CertificateWish = {}): Promise<Sample> {
  const root = await mintCertificate({ subject: "CN=root", ca: true });
  const middle = await mintCertificate({ subject: "CN=middle", issuer: root, ca: 0 });
  const leaf = await mintCertificate({ issuer: middle, uris: [id], dnsNames: ["orders.mesh.test"], ...wish });
  const message = { spiffeId: id, x509Svid: derOf(leaf, middle), x509SvidKey: await keyDerOf(leaf), bundle: derOf(root), hint: "internal" };
  return { root, middle, leaf, message };
}

describe("an SVID", () => {
  it("holds what the message says", async () => {
    const { leaf, root, message } = await makeSample();
    const svid = parseSvid(message, now);
    assert.equal(svid.id, id);
    assert.equal(svid.trustDomain, "mesh.test");
    assert.equal(svid.hint, "internal");
    assert.deepEqual(svid.dnsNames, ["orders.mesh.test"]);
    assert.equal(svid.notBefore.getTime(), leaf.certificate.notBefore.getTime());
    assert.equal(svid.expiresAt.getTime(), leaf.certificate.notAfter.getTime());
    assert.equal(svid.bundle.pem().trim(), pemOf(root).trim());
  });

  it("gives TLS a chain and a key that belong together", async () => {
    const { leaf, middle, message } = await makeSample();
    const { cert, key } = parseSvid(message, now).tlsCredentials();
    assert.equal(cert.trim(), pemOf(leaf, middle).trim());
    assert.ok(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)));
  });

  it("shows its key to nobody who prints, logs, copies or serialises it", async () => {
    const { leaf, message } = await makeSample();
    const context = parseX509Context(X509SVIDResponse.encode({ svids: [message], crl: [], federatedBundles: {} }).finish(), now);
    const secret = [...Buffer.from(await keyDerOf(leaf))];
    const [svid] = context.svids;
    const shown = [
      inspect(context, { depth: Infinity, showHidden: true, getters: true }), JSON.stringify(context), inspect(Object.assign({}, svid), { showHidden: true, depth: Infinity }),
      inspect(structuredCloneable(svid)),
    ].join("\n");
    const scalar = Buffer.from(secret).subarray(36, 68);
    const forms = [scalar.toString("hex"), scalar.toString("base64"), (await keyPemOf(leaf)).split("\n")[1] ?? "?", "PRIVATE KEY", "KeyObject"];
    assert.deepEqual(forms.filter((form) => shown.includes(form)), []);
    assert.match(shown, /spiffe:\/\/mesh\.test\/vm\/orders/u);
  });

  const refusals: readonly [string, ErrorCode, RegExp, (sample: Sample) => Promise<Partial<X509SVID>> | Partial<X509SVID>][] = [
    ["an id that is none", "SVID_INVALID", /SPIFFE ID cannot be used/u, () => ({ spiffeId: "orders" })],
    ["the id of a trust domain", "SVID_INVALID", /no path/u, () => ({ spiffeId: "spiffe://mesh.test" })],
    ["no certificate", "SVID_INVALID", /certificates cannot be read/u, () => ({ x509Svid: Buffer.alloc(0) })],
    ["garbage for certificates", "SVID_INVALID", /certificates cannot be read/u, () => ({ x509Svid: Buffer.from("garbage") })],
    ["a DER value that is no certificate", "SVID_INVALID", /certificates cannot be read/u, () => ({ x509Svid: Buffer.from([0x30, 0x00]) })],
    ["bytes after the chain", "SVID_INVALID", /certificates cannot be read/u, ({ message }) => ({ x509Svid: Buffer.concat([message.x509Svid, Buffer.from([1])]) })],
    ["no bundle", "SVID_INVALID", /trust bundle is empty/u, () => ({ bundle: Buffer.alloc(0) })],
    ["garbage for a bundle", "SVID_INVALID", /trust bundle is empty or cannot be read/u, () => ({ bundle: Buffer.from("garbage") })],
    ["garbage for a key", "SVID_INVALID", /cannot be read as PKCS#8/u, () => ({ x509SvidKey: Buffer.from("garbage") })],
    ["another's key", "SVID_INVALID", /does not belong to its certificate/u, async ({ middle }) => ({ x509SvidKey: await keyDerOf(middle) })],
    ["the CA first", "SVID_INVALID", /first certificate is a CA/u, async ({ middle }) => ({ x509Svid: derOf(middle), x509SvidKey: await keyDerOf(middle) })],
    ["another's id", "SVID_INVALID", /certificate is for spiffe:\/\/mesh\.test\/vm\/orders$/u, () => ({ spiffeId: "spiffe://mesh.test/vm/other" })],
  ];
  for (const [what, code, says, change] of refusals) {
    it(`with ${what} is refused with ${code}`, async () => {
      const sample = await makeSample();
      const message = { ...sample.message, ...(await change(sample)) };
      assert.throws(() => parseSvid(message, now), (error) => isMeshError(error, code) && says.test(error.what));
    });
  }

  const leaves: readonly [string, ErrorCode, RegExp, CertificateWish][] = [
    ["no URI name", "SVID_INVALID", /0 URI names/u, { uris: [] }],
    ["two URI names", "SVID_INVALID", /2 URI names/u, { uris: [id, `${id}2`] }],
    ["a DNS name that pretends to be a URI", "SVID_INVALID", /0 URI names/u, { uris: [], dnsNames: [`x, URI:${id}`] }],
    ["a P-384 key", "SVID_KEY_TYPE", /EC secp384r1/u, { key: "P-384" }],
    ["an RSA key", "SVID_KEY_TYPE", /RSA/u, { key: "RSA" }],
    ["an Ed25519 key", "SVID_KEY_TYPE", /ED25519/u, { key: "Ed25519" }],
    ["its end in the past", "SVID_EXPIRED", /expired at/u, { notBefore: new Date(now.getTime() - 7_200_000), expiresAt: new Date(now.getTime() - 5_000) }],
  ];
  for (const [what, code, says, wish] of leaves) {
    it(`whose leaf has ${what} is refused with ${code}`, async () => {
      const { message } = await makeSample(wish);
      assert.throws(() => parseSvid(message, now), (error) => isMeshError(error, code) && says.test(error.what));
    });
  }

  it("that is refused tells nothing of its key", async () => {
    const { message } = await makeSample();
    const broken = { ...message, x509SvidKey: Buffer.concat([Buffer.from([0x31]), message.x509SvidKey.subarray(1)]) };
    assert.throws(() => parseSvid(broken, now), (error) => !inspect(error, { depth: Infinity, showHidden: true }).includes(Buffer.from(message.x509SvidKey.subarray(40, 60)).toString("hex")) && isMeshError(error) && error.cause === undefined);
  });
});

describe("all identities together", () => {
  it("one that is of no use does not take the others away", async () => {
    const { message } = await makeSample();
    const bad = { ...message, spiffeId: `${id}2` };
    const context = parseX509Context(X509SVIDResponse.encode({ svids: [bad, message], crl: [], federatedBundles: {} }).finish(), now);
    assert.deepEqual(context.svids.map((svid) => svid.id), [id]);
    assert.deepEqual(context.refused?.map((refused) => [refused.id, refused.error.code]), [[`${id}2`, "SVID_INVALID"]]);
  });

  it("when all are of no use the error of the first is thrown", async () => {
    const { message } = await makeSample({ key: "RSA" });
    assert.throws(() => parseX509Context(X509SVIDResponse.encode({ svids: [message], crl: [], federatedBundles: {} }).finish(), now), (error) => isMeshError(error, "SVID_KEY_TYPE"));
  });

  it("bytes that are no message are SVID_INVALID", () => {
    assert.throws(() => parseX509Context(Buffer.from([0x0a, 0x7f, 1]), now), (error) => isMeshError(error, "SVID_INVALID"));
  });

  it("none is a state, not an error", () => {
    assert.deepEqual(parseX509Context(new Uint8Array(), now), { svids: [], receivedAt: now });
  });
});

describe("a trust bundle", () => {
  it("is the same in another order and with repetitions, and another with another root", async () => {
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => mintCertificate({ subject: `CN=${name}`, ca: true })));
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    const bundleOf = (...issued: Issued[]) => new TrustBundle(parseDerCertificates(derOf(...issued)) ?? []);
    assert.equal(bundleOf(a, b).fingerprint, bundleOf(b, a, b).fingerprint);
    assert.equal(bundleOf(a, b).pem(), bundleOf(b, a, b).pem());
    assert.notEqual(bundleOf(a, b).fingerprint, bundleOf(a).fingerprint);
    assert.notEqual(bundleOf(a, b).fingerprint, bundleOf(a, c).fingerprint);
    assert.equal(bundleOf(a).with(bundleOf(b).certificates).fingerprint, bundleOf(a, b).fingerprint);
    assert.deepEqual(bundleOf(a, b).certificates.map(({ subject }) => subject).sort(), ["CN=a", "CN=b"]);
  });

  it("is read from PEM with text around, and not at all when a part is broken", async () => {
    const root = await mintCertificate({ ca: true });
    assert.equal(parsePemCertificates(`# mesh root\n${pemOf(root)}\n${pemOf(root)}`)?.length, 2);
    assert.equal(parsePemCertificates(`${pemOf(root)}-----BEGIN CERTIFICATE-----\nMIIB`), undefined);
    assert.equal(parsePemCertificates(""), undefined);
    assert.equal(parsePemCertificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), undefined);
  });
});

/** What a structured clone would carry: own enumerable data. */
function structuredCloneable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
