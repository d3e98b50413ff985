import assert from "node:assert/strict";
import fc from "fast-check";
import { RegisterRequest, RegisterResponse, RenewResponse, type Lease, type ProbeSpec } from "../../src/registration/generated/registration.ts";
import { encodeDuration } from "../../src/registration/messages.ts";
import { decodeDeregistered, decodeRegistered, decodeRenewed, encodeDeregister, encodeRegister, encodeRenew } from "../../src/registration/messages-calls.ts";
import { machineId, registerAsk, registeredAs, renewAsk, renewed } from "./wire-lab.ts";

const answer = registeredAs(machineId);
const numbers = { initialDelayS: 1, periodS: 2, timeoutS: 3, successThreshold: 4, failureThreshold: 5 };
const seconds = { initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, successThreshold: 4, failureThreshold: 5 };

describe("messages of calls", () => {
  it("say all that a machine says", () => {
    const request = RegisterRequest.decode(RegisterRequest.encode(encodeRegister(registerAsk)).finish());
    assert.deepEqual([request.group, request.addresses, request.labels, request.os, request.hostname, request.inboundPort], [{ namespace: "shop", name: "orders" }, ["192.0.2.7"], { tier: "gold" }, "linux", "vm", 4143]);
    assert.equal(request.incarnation?.epoch, 1n);
    assert.deepEqual([encodeRenew(renewAsk).leaseToken, encodeRenew(renewAsk).health?.seq], ["t0k3n", 3n]);
    assert.deepEqual([encodeDeregister({ ...renewAsk, mode: "drain" }).mode, encodeDeregister({ ...renewAsk, mode: "delete" }).mode], [0, 1]);
  });

  it("give every kind of probe", () => {
    const kinds: readonly (readonly [ProbeSpec["kind"], object])[] = [
      [{ $case: "httpGet", value: { host: "h", port: 1, path: "/", scheme: "HTTPS", headers: { a: "b" } } }, { kind: "httpGet", host: "h", port: 1, path: "/", scheme: "HTTPS", headers: { a: "b" } }],
      [{ $case: "tcpSocket", value: { host: "", port: 65_535 } }, { kind: "tcpSocket", host: "127.0.0.1", port: 65_535 }],
      [{ $case: "grpc", value: { port: 9, service: "s" } }, { kind: "grpc", port: 9, service: "s" }],
      [{ $case: "exec", value: { command: ["true"] } }, { kind: "exec", command: ["true"] }],
    ];
    for (const [kind, action] of kinds) assert.deepEqual(decodeRegistered({ ...answer, probe: { kind, ...numbers } })?.probe, { action, ...seconds });
    assert.equal(decodeRegistered({ ...answer, probe: undefined })?.probe, undefined);
  });

  it("name this machine where they name no host, and no time beyond a day", () => {
    const probe = { kind: { $case: "tcpSocket", value: { host: "", port: 5432 } }, ...numbers, initialDelayS: 4_294_967_295, periodS: 4_294_967_295, timeoutS: 4_294_967_295 } as const;
    const decoded = decodeRegistered({ ...answer, probe })?.probe;
    assert.deepEqual(decoded, { ...seconds, action: { kind: "tcpSocket", host: "127.0.0.1", port: 5432 }, initialDelaySeconds: 86_400, periodSeconds: 86_400, timeoutSeconds: 86_400 });
  });

  it("are unusable with a probe that cannot be understood, for no probe means ready", () => {
    const kinds: readonly ProbeSpec["kind"][] = [undefined, { $case: "exec", value: { command: [] } }, { $case: "tcpSocket", value: { host: "", port: 0 } }, { $case: "grpc", value: { port: 65_536, service: "" } }, { $case: "httpGet", value: { host: "", port: 0, path: "", scheme: "", headers: {} } }];
    for (const kind of kinds) assert.equal(decodeRegistered({ ...answer, probe: { kind, ...numbers } }), undefined);
  });

  it("are unusable without a name or a lease", () => {
    for (const broken of [{ workloadName: "" }, { workloadNamespace: "" }, { serverName: "" }, { lease: undefined }, { lease: { ...answer.lease!, token: "" } }, { lease: { ...answer.lease!, duration: undefined } }]) {
      assert.equal(decodeRegistered({ ...answer, ...broken }), undefined, JSON.stringify(Object.keys(broken)));
    }
    assert.equal(decodeRenewed({ ...renewed, lease: undefined }), undefined);
  });

  it("never make a machine flood the service or fall silent", () => {
    fc.assert(fc.property(fc.integer(), fc.integer(), fc.integer(), (duration, renewInterval, wait) => {
      const lease: Lease = { token: "t", duration: encodeDuration(duration), renewInterval: encodeDuration(renewInterval), deregisterAfter: undefined };
      const stayed = decodeRenewed({ ...renewed, lease, minNextCall: encodeDuration(wait) });
      assert.ok(stayed !== undefined && stayed.lease.renewInterval >= 1000 && stayed.lease.renewInterval <= 600_000 && stayed.lease.duration >= stayed.lease.renewInterval);
      assert.ok(stayed.minNextCall >= 0 && stayed.minNextCall <= 600_000);
      const drain = decodeDeregistered({ drainFor: encodeDuration(wait) });
      assert.ok(drain >= 0 && drain <= 600_000);
    }));
  });

  it("that are garbage are an Error, unusable or bounded", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        decodeRegistered(RegisterResponse.decode(bytes));
        const stayed = decodeRenewed(RenewResponse.decode(bytes));
        assert.ok(stayed === undefined || stayed.lease.renewInterval >= 1000);
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
      }
    }), { numRuns: 5000 });
  });
});
