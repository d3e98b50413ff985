import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { parseFirstName, parseNames } from "../../../src/simulator/mesh/certificate-names.ts";
import { derOf, mintCertificate } from "../../fakes/certificates.ts";

async function namesOf(wish: { readonly uris?: readonly string[]; readonly dnsNames?: readonly string[] }): Promise<readonly string[]> {
  return parseNames(new X509Certificate(derOf(await mintCertificate(wish))).subjectAltName);
}

describe("the names of a certificate", () => {
  it("are read in their order, the first one being the identity", async () => {
    assert.deepEqual(await namesOf({ uris: ["spiffe://mesh.test/vm"], dnsNames: ["vm.mesh.test"] }), ["spiffe://mesh.test/vm", "vm.mesh.test"]);
    assert.equal(parseFirstName("URI:spiffe://mesh.test/vm, DNS:vm.mesh.test"), "spiffe://mesh.test/vm");
    assert.deepEqual(parseNames(undefined), []);
  });

  it("do not let one name pass for two", async () => {
    const names = await namesOf({ dnsNames: ["a.mesh.test, URI:spiffe://mesh.test/somebody-else"] });
    assert.ok(!names.includes("spiffe://mesh.test/somebody-else"), names.join(" | "));
  });
});
