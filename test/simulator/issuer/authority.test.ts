import "reflect-metadata";
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { X509SVIDResponse } from "../../../src/spiffe/generated/workload.ts";
import { parseX509Context } from "../../../src/spiffe/x509-context.ts";
import { Authority, type Credentials } from "../../../src/simulator/issuer/authority.ts";

const now = new Date("2026-01-01T00:00:00Z");
const hour = 3_600_000;
const id = "spiffe://mesh.test/vm";

function split(pem: string): readonly X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? []).map((one) => new X509Certificate(one));
}

/** The values of one extension of a certificate. */
function readExtension<T extends x509.Extension>(certificate: X509Certificate, kind: new (...args: never[]) => T): T {
  const found = new x509.X509Certificate(certificate.raw).extensions.find((one): one is T => one instanceof kind);
  assert.ok(found !== undefined);
  return found;
}

function parseBySpiffe({ chainDer, keyDer }: Credentials, bundle: Buffer): ReturnType<typeof parseX509Context> {
  const message = X509SVIDResponse.encode({ svids: [{ spiffeId: id, x509Svid: chainDer, x509SvidKey: keyDer, bundle, hint: "" }], crl: [], federatedBundles: {} }).finish();
  return parseX509Context(message, now);
}

describe("simulator: authority", () => {
  it("signs a chain that leads to its root, with a key that is the leaf's", async () => {
    const authority = await Authority.create("mesh.test", now);
    const issued = await authority.issue({ identity: id }, { notBefore: now, ttl: hour });
    const [leaf, issuer, ...more] = split(issued.chainPem);
    const root = new X509Certificate(authority.rootPem);
    assert.ok(leaf !== undefined && issuer !== undefined && more.length === 0);
    assert.ok(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey));
    assert.ok(issuer.checkIssued(root) && issuer.verify(root.publicKey));
    assert.ok(root.checkIssued(root) && root.verify(root.publicKey));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(issued.keyPem)));
    assert.deepEqual(Buffer.concat([leaf.raw, issuer.raw]), issued.chainDer);
    assert.equal(leaf.serialNumber, issued.serial);
  });

  it("gives leaves by the rules of SPIFFE: one URI, no CA, digitalSignature alone, both uses", async () => {
    const issued = await (await Authority.create("mesh.test", now)).issue({ identity: id, also: ["vm.example"] }, { notBefore: now, ttl: hour });
    const [leaf] = split(issued.chainPem);
    assert.ok(leaf !== undefined);
    assert.equal(leaf.subjectAltName, `URI:${id}, DNS:vm.example`);
    assert.equal(leaf.ca, false);
    const usage = readExtension(leaf, x509.KeyUsagesExtension);
    assert.deepEqual({ usages: usage.usages, critical: usage.critical }, { usages: x509.KeyUsageFlags.digitalSignature, critical: true });
    assert.deepEqual(readExtension(leaf, x509.ExtendedKeyUsageExtension).usages.toSorted(), ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  it("gives its CAs the trust domain as id, no path length, and the right to sign certificates", async () => {
    const authority = await Authority.create("mesh.test", now);
    const issued = await authority.issue({ identity: id }, { notBefore: now, ttl: hour });
    for (const certificate of [split(issued.chainPem)[1], new X509Certificate(authority.rootPem)]) {
      assert.ok(certificate !== undefined);
      assert.equal(certificate.ca, true);
      assert.equal(certificate.subjectAltName, "URI:spiffe://mesh.test");
      assert.equal(readExtension(certificate, x509.BasicConstraintsExtension).pathLength, undefined);
      assert.equal(readExtension(certificate, x509.KeyUsagesExtension).usages, x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign);
    }
  });

  it("is taken by the parser of the product", async () => {
    const authority = await Authority.create("mesh.test", now);
    const context = parseBySpiffe(await authority.issue({ identity: id }, { notBefore: now, ttl: hour }), authority.rootDer);
    const [svid] = context.svids;
    assert.equal(svid?.id, id);
    assert.equal(svid.expiresAt.getTime(), now.getTime() + hour);
    assert.equal(svid.notBefore.getTime(), now.getTime() - 10_000);
    assert.equal(context.refused?.length ?? 0, 0);
  });

  it("names who is no SPIFFE id by a DNS name, as Linkerd does its pods", async () => {
    const issued = await (await Authority.create("mesh.test", now)).issue({ identity: "echo.apps.serviceaccount.identity.linkerd.cluster.local" }, { notBefore: now, ttl: hour });
    assert.equal(split(issued.chainPem)[0]?.subjectAltName, "DNS:echo.apps.serviceaccount.identity.linkerd.cluster.local");
  });

  it("shares no key with another authority of the same trust domain", async () => {
    const [one, other] = await Promise.all([Authority.create("mesh.test", now), Authority.create("mesh.test", now)]);
    const issuer = split((await one.issue({ identity: id }, { notBefore: now, ttl: hour })).chainPem)[1];
    assert.equal(issuer?.verify(new X509Certificate(other.rootPem).publicKey), false);
  });
});
