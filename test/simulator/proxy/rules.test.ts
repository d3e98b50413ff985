import assert from "node:assert/strict";
import { encodeServer } from "../../../src/linkerd/inbound-policy.ts";
import { isMeshError } from "../../../src/model/errors.ts";
import { Authority } from "../../../src/simulator/issuer/authority.ts";
import { findChainProblem } from "../../../src/spiffe/chain.ts";
import type { PortAnswer } from "../../../src/simulator/proxy/control-client.ts";
import { isAllowedByDefault } from "../../../src/simulator/proxy/default-policy.ts";
import { followedVersion, parseMisbehaviour } from "../../../src/simulator/proxy/misbehaviour.ts";
import { PortPolicies } from "../../../src/simulator/proxy/port-policies.ts";

describe("default inbound policies", () => {
  const clients = { inside: { ip: "10.1.1.1", identity: undefined }, member: { ip: "10.1.1.1", identity: "spiffe://mesh.test/a" }, outside: { ip: "192.0.2.1", identity: undefined }, guest: { ip: "192.0.2.1", identity: "spiffe://mesh.test/a" } };
  const table = [
    ["deny", []],
    ["audit", ["inside", "member", "outside", "guest"]],
    ["all-unauthenticated", ["inside", "member", "outside", "guest"]],
    ["all-authenticated", ["member", "guest"]],
    ["cluster-unauthenticated", ["inside", "member"]],
    ["cluster-authenticated", ["member"]],
  ] as const;
  for (const [policy, allowed] of table) {
    it(`${policy} lets in ${allowed.length === 0 ? "nobody" : allowed.join(", ")}`, () => {
      const let_in = Object.entries(clients).filter(([, client]) => isAllowedByDefault(policy, ["10.0.0.0/8", "fd00::/8"], client)).map(([name]) => name);
      assert.deepEqual(let_in, allowed);
    });
  }
});

describe("chain of a certificate", () => {
  const now = new Date();
  const life = { notBefore: new Date(now.getTime() - 1000), ttl: 60_000 };

  it("leads to its own root while it is valid, and at no other time or place", async () => {
    const [own, other] = await Promise.all([Authority.create("mesh.test", now), Authority.create("mesh.test", now)]);
    const { chainPem } = await own.issue({ identity: "spiffe://mesh.test/machine" }, life);
    assert.equal(findChainProblem(chainPem, own.rootPem, now), undefined);
    assert.equal(findChainProblem(chainPem, other.rootPem + own.rootPem, now), undefined);
    assert.match(findChainProblem(chainPem, other.rootPem, now) ?? "", /UnknownIssuer/);
    assert.match(findChainProblem(chainPem, own.rootPem, new Date(now.getTime() + 120_000)) ?? "", /is valid from/);
    assert.match(findChainProblem("", own.rootPem, now) ?? "", /UnknownIssuer/);
  });
});

describe("policies of ports", () => {
  it("asks, remembers what was said last, and leaves a service that is away alone for a second", async () => {
    const time = { now: 0 };
    const clock = { now: () => new Date(0), monotonic: () => time.now, sleep: () => Promise.resolve() };
    const policies = new PortPolicies(clock);
    const known = encodeServer("mesh");
    let asked = 0;
    let answer: PortAnswer = { kind: "away" };
    const control = { readPortPolicy: () => { asked += 1; return Promise.resolve(answer); } };
    assert.equal(await policies.read(80, undefined), undefined);
    assert.equal(await policies.read(80, control), undefined);
    answer = { kind: "policy", policy: known };
    assert.deepEqual([await policies.read(80, control), asked], [undefined, 1]);
    time.now = 1000;
    assert.deepEqual([await policies.read(80, control), asked], [known, 2]);
    answer = { kind: "away" };
    assert.deepEqual([await policies.read(80, control), await policies.read(81, control), asked], [known, undefined, 3]);
    time.now = 2000;
    answer = { kind: "unknown" };
    assert.deepEqual([await policies.read(80, control), asked], [undefined, 4]);
  });
});

describe("misbehaviour", () => {
  it("is none without words, and what the words say", () => {
    const none = { crashAfter: undefined, ignoreShutdown: false, neverReady: false, readyWithoutCertificate: false, hang: false, version: followedVersion };
    assert.deepEqual(parseMisbehaviour([]), none);
    assert.deepEqual(parseMisbehaviour(["crash-after=0", "ignore-shutdown=yes", "never-ready=yes", "ready-without-certificate=yes", "hang=yes", "version=1=2"]),
      { crashAfter: 0, ignoreShutdown: true, neverReady: true, readyWithoutCertificate: true, hang: true, version: "1=2" });
    assert.deepEqual(parseMisbehaviour(["hang=yes", "hang=no"]), none);
  });

  for (const word of ["", "crash-after", "crash-after=", "crash-after=soon", "crash-after=-1", "crash-after=1e3", "crash-after=9999999999", "ignore-shutdown=true", "never-ready=", "hang=1", "version=", "toString=yes"]) {
    it(`refuses '${word}'`, () => assert.throws(() => parseMisbehaviour([word]), (error) => isMeshError(error, "USAGE")));
  }
});
