import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { LeaseTokens, type TokenClaims } from "../../src/autoregistration/lease-tokens.ts";
import { object } from "./samples.ts";

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const claims: TokenClaims = {
  key: { namespace: "shop", name: "orders-1" },
  identity: "spiffe://td/vm/orders",
  incarnation: { instanceId: "i", incarnationId: "l", epoch: 3 },
};
const others: readonly TokenClaims[] = [
  { ...claims, key: { namespace: "sho", name: "porders-1" } },
  { ...claims, key: { namespace: "shop", name: "orders-2" } },
  { ...claims, identity: "spiffe://td/vm/other" },
  { ...claims, incarnation: { ...claims.incarnation, instanceId: "j" } },
  { ...claims, incarnation: { ...claims.incarnation, incarnationId: "m" } },
  { ...claims, incarnation: { ...claims.incarnation, epoch: 4 } },
];

describe("LeaseTokens", () => {
  it("are checked by another replica that has the same key, and by no other", () => {
    const token = new LeaseTokens(key(1)).issue(claims);
    assert.ok(new LeaseTokens(key(1)).isValid(token, claims));
    assert.ok(!new LeaseTokens(key(2)).isValid(token, claims));
  });

  it("outlive a rotation of the key by one, whichever replica rotates first", () => {
    const [before, after] = [new LeaseTokens(key(1), [key(2)]), new LeaseTokens(key(2), [key(1)])];
    assert.ok(after.isValid(before.issue(claims), claims) && before.isValid(after.issue(claims), claims));
    assert.ok(!new LeaseTokens(key(3), [key(2)]).isValid(before.issue(claims), claims));
  });

  it("are renewed as the current key would sign them, and only when they are good", () => {
    const [before, after] = [new LeaseTokens(key(1)), new LeaseTokens(key(2), [key(1)])];
    assert.equal(after.renew(before.issue(claims), claims), after.issue(claims));
    assert.equal(after.renew(after.issue(claims), claims), after.issue(claims));
    for (const other of others) assert.equal(after.renew(after.issue(claims), other), undefined);
  });

  it("are renewed for a stored workload only as they are without one, also when one was proved before", () => {
    const [before, tokens] = [new LeaseTokens(key(1)), new LeaseTokens(key(2), [key(1)])];
    const stored = object({ key: claims.key, identity: claims.identity, instanceId: claims.incarnation.instanceId });
    const [old, current] = [before.issue(claims), tokens.issue(claims)];
    const presented = [old, current, "", `${current.slice(0, -1)}_`, `${current}=`, tokens.issue(others[5] ?? claims)];
    for (const proved of [old, current]) {
      for (const token of presented) {
        assert.equal(tokens.renew(proved, claims, stored), current);
        assert.equal(tokens.renew(token, claims, stored), tokens.renew(token, claims));
        for (const other of others) assert.equal(tokens.renew(token, other, stored), tokens.renew(token, other));
      }
    }
  });

  it("prove nothing about any other workload, identity, instance, incarnation or epoch", () => {
    const tokens = new LeaseTokens(key(1));
    for (const other of others) assert.ok(!tokens.isValid(tokens.issue(claims), other));
    assert.equal(new Set([claims, ...others].map((claim) => tokens.issue(claim))).size, others.length + 1);
  });

  it("stay what they are over upgrades: HMAC-SHA-256 over that very text", () => {
    const text = JSON.stringify(["meshregistration.v1 lease", "shop", "orders-1", "spiffe://td/vm/orders", "i", "l", 3]);
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 200 }), (bytes) => {
      assert.equal(new LeaseTokens(bytes).issue(claims), createHmac("sha256", bytes).update(text).digest("base64url"));
    }));
  });

  it("keep parts apart that run together", () => {
    const tokens = new LeaseTokens(key(1));
    fc.assert(fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
      const joined = tokens.issue({ ...claims, key: { namespace: a + b, name: c } });
      return b === "" || !tokens.isValid(joined, { ...claims, key: { namespace: a, name: b + c } });
    }));
  });

  it("withstand whatever is presented", () => {
    const tokens = new LeaseTokens(key(1));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (token) => !tokens.isValid(token, claims)));
  });

  it("want a key that cannot be guessed", () => {
    assert.throws(() => new LeaseTokens(new Uint8Array(31)), RangeError);
    assert.throws(() => new LeaseTokens(key(1), [new Uint8Array(0)]), RangeError);
  });
});
