import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeExpiry, readCertificateCaller, readSidecarCaller, type ReadCaller } from "../../src/registration/caller.ts";
import { derOf, mintCertificate, type CertificateWish } from "../fakes/certificates.ts";

const id = "spiffe://root.linkerd.cluster.local/vm/orders";

async function callerOf(wish: CertificateWish): Promise<ReadCaller> {
  return readCertificateCaller(derOf(await mintCertificate(wish)));
}

function whyNot(read: ReadCaller): string {
  assert.ok(!read.ok);
  assert.deepEqual([read.refusal.reason, read.refusal.code], ["NO_IDENTITY", "UNAUTHENTICATED"]);
  return read.refusal.message;
}

describe("caller", () => {
  it("is the SPIFFE id of the client's certificate, until that expires", async () => {
    const expiresAt = new Date("2031-01-01T00:00:00Z");
    const read = await callerOf({ uris: [id], dnsNames: ["orders.example"], expiresAt });
    assert.deepEqual(read, { ok: true, caller: { identity: id, expiresAt } });
    const caller = { identity: id, expiresAt };
    assert.equal(judgeExpiry(caller, new Date(expiresAt.getTime() - 1)), undefined);
    assert.equal(judgeExpiry(caller, expiresAt)?.reason, "NO_IDENTITY");
  });

  it("is nobody without a certificate, without names, or with garbage", async () => {
    assert.match(whyNot(readCertificateCaller(undefined)), /no certificate/);
    assert.match(whyNot(await callerOf({})), /no subject alternative name/);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => assert.match(whyNot(readCertificateCaller(bytes)), /cannot be read/)));
  });

  it("is nobody when the id is not the only URI or not a SPIFFE id of a workload", async () => {
    assert.match(whyNot(await callerOf({ uris: [id, "spiffe://other/x"] })), /more than one URI/);
    for (const uri of ["https://root.linkerd.cluster.local/vm", "spiffe://root.linkerd.cluster.local", "spiffe://td/../x", "spiffe://td:443/x"]) {
      assert.match(whyNot(await callerOf({ uris: [uri] })), /not a SPIFFE id/, uri);
    }
  });

  it("is nobody when another kind of name comes first, whatever that name holds", async () => {
    for (const dns of ["a.example", `a, URI:${id}`, `", URI:${id}`, `URI:${id}`]) {
      assert.match(whyNot(await callerOf({ dnsNames: [dns] })), /is not a URI/, dns);
    }
    assert.match(whyNot(await callerOf({ uris: [`${id}, URI:spiffe://other/x`] })), /not a SPIFFE id/);
  });

  it("behind a mesh proxy is who its one header names", () => {
    assert.deepEqual(readSidecarCaller([id]), { ok: true, caller: { identity: id, expiresAt: undefined } });
    assert.match(whyNot(readSidecarCaller([])), /opaque or skipped/);
    assert.match(whyNot(readSidecarCaller([id, id])), /more than one/);
    assert.match(whyNot(readSidecarCaller([Buffer.from(id)])), /more than one/);
    for (const other of ["default.prod.serviceaccount.identity.linkerd.cluster.local", "", `${id},${id}`, `${id} `, "spiffe://td", "https://td/a", "spiffe://td/a\nspiffe://td/b"]) assert.match(whyNot(readSidecarCaller([other])), /not a SPIFFE id/, other);
    assert.equal(judgeExpiry({ identity: id, expiresAt: undefined }, new Date()), undefined);
  });
});
