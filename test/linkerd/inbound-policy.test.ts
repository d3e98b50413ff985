import assert from "node:assert/strict";
import { encodeServer, isAllowed, type Access } from "../../src/linkerd/inbound-policy.ts";
import { Server } from "../../src/linkerd/generated/inbound.ts";

const client = "client.apps.serviceaccount.identity.linkerd.cluster.local";

/** The policy after its way over the wire. */
function send(access: Access): Server {
  return Server.decode(Server.encode(encodeServer(access)).finish());
}

describe("linkerd: inbound policy", () => {
  const rows: readonly { readonly access: Access; readonly identity: string | undefined; readonly allowed: boolean }[] = [
    { access: "all", identity: undefined, allowed: true },
    { access: "all", identity: client, allowed: true },
    { access: "mesh", identity: undefined, allowed: false },
    { access: "mesh", identity: client, allowed: true },
    { access: "mesh", identity: "spiffe://mesh.test/vm", allowed: true },
    { access: [client], identity: client, allowed: true },
    { access: [client], identity: `x${client}`, allowed: false },
    { access: [client], identity: undefined, allowed: false },
    { access: ["a", client], identity: client, allowed: true },
    { access: [], identity: client, allowed: false },
    { access: [], identity: undefined, allowed: false },
  ];
  for (const { access, identity, allowed } of rows) {
    it(`${JSON.stringify(access)} ${allowed ? "lets in" : "keeps out"} ${identity ?? "who has no identity"}`, () => {
      for (const ip of ["192.0.2.7", "2001:db8::7"]) assert.equal(isAllowed(send(access), { ip, identity }), allowed);
    });
  }

  it("keeps out who is in no network of it, or in one excepted", () => {
    const server = send("all");
    const [authorization] = server.authorizations;
    assert.ok(authorization !== undefined);
    const near = { ip: { ip: { $case: "ipv4" as const, value: 0xc0000200 } }, prefixLen: 24 };
    const excepted = { ip: { ip: { $case: "ipv4" as const, value: 0xc0000280 } }, prefixLen: 25 };
    const narrow: Server = { ...server, authorizations: [{ ...authorization, networks: [{ net: near, except: [excepted] }] }] };
    const judge = (ip: string): boolean => isAllowed(narrow, { ip, identity: client });
    assert.deepEqual(["192.0.2.7", "192.0.2.200", "192.0.3.7", "2001:db8::7"].map(judge), [true, false, false, false]);
  });

  it("takes a suffix for a whole label, never for the end of one", () => {
    const server = send("mesh");
    const [authorization] = server.authorizations;
    assert.ok(authorization !== undefined);
    const identities = { identities: [], suffixes: [{ parts: ["apps", "test"] }] };
    const suffix: Server = {
      ...server, authorizations: [{ ...authorization, authentication: { permit: { $case: "meshTls", value: { clients: { $case: "identities", value: identities } } } } }],
    };
    const judge = (identity: string): boolean => isAllowed(suffix, { ip: "192.0.2.7", identity });
    assert.deepEqual(["a.apps.test", "apps.test", "myapps.test"].map(judge), [true, false, false]);
  });

  it("keeps out under an authorization that says nothing of who", () => {
    const server = send("all");
    const [authorization] = server.authorizations;
    assert.ok(authorization !== undefined);
    assert.equal(isAllowed({ ...server, authorizations: [{ ...authorization, authentication: undefined }] }, { ip: "192.0.2.7", identity: client }), false);
  });
});
