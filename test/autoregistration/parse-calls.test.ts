import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDeregister, parseRegister, parseRenew } from "../../src/autoregistration/parse-calls.ts";
import { DeregisterRequest, Health, Health_State, RegisterRequest, RenewRequest } from "../../src/registration/generated/registration.ts";
import { identity } from "./samples.ts";

const make = <T>(codec: { decode(bytes: Uint8Array): T }, fields: Partial<T>): T => ({ ...codec.decode(new Uint8Array()), ...fields });
const uuid = "0E340584-0000-4000-8000-00000000000a";
const incarnation = { instanceId: uuid, incarnationId: uuid, startedAt: undefined, epoch: 7n };
const health = make(Health, { state: Health_State.READY, seq: 9n, reason: "Ok", message: "fine" });
const register = (change: Partial<RegisterRequest> = {}): RegisterRequest =>
  make(RegisterRequest, { group: { namespace: "shop", name: "orders" }, incarnation, addresses: ["10.0.0.5"], inboundPort: 5143, labels: { tier: "db" }, os: "linux\n", hostname: "vm\u202e5", health, ...change });

// How a registration differs from a good one, and why it is refused.
const bad: readonly (readonly [string, Partial<RegisterRequest>, string])[] = [
  ["no group", { group: undefined }, "REQUEST_INVALID"],
  ["a group in capitals", { group: { namespace: "shop", name: "Orders" } }, "REQUEST_INVALID"],
  ["a namespace with a slash", { group: { namespace: "a/b", name: "orders" } }, "REQUEST_INVALID"],
  ["no incarnation", { incarnation: undefined }, "REQUEST_INVALID"],
  ["an instance that is no UUID", { incarnation: { ...incarnation, instanceId: "vm5" } }, "REQUEST_INVALID"],
  ["an incarnation with a NUL", { incarnation: { ...incarnation, incarnationId: `${uuid}\0` } }, "REQUEST_INVALID"],
  ["an epoch beyond what a number holds", { incarnation: { ...incarnation, epoch: 2n ** 53n } }, "REQUEST_INVALID"],
  ["three addresses", { addresses: ["10.0.0.5", "10.0.0.6", "10.0.0.7"] }, "ADDRESS_INVALID"],
  ["a port beyond all ports", { inboundPort: 65_536 }, "REQUEST_INVALID"],
  ["a label key of spaces", { labels: { "a b": "c" } }, "REQUEST_INVALID"],
  ["a label value of spaces", { labels: { a: "b c" } }, "REQUEST_INVALID"],
  ["a hundred labels", { labels: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, ""])) }, "REQUEST_INVALID"],
  ["a report number beyond what a number holds", { health: { ...health, seq: 2n ** 64n - 1n } }, "REQUEST_INVALID"],
];

describe("parseRegister", () => {
  it("reads a good registration, with ids in small letters and facts in one line", () => {
    assert.deepEqual(parseRegister(register(), identity), {
      ok: true,
      call: {
        identity,
        group: { namespace: "shop", name: "orders" },
        incarnation: { instanceId: uuid.toLowerCase(), incarnationId: uuid.toLowerCase(), epoch: 7 },
        addresses: ["10.0.0.5"],
        inboundPort: 5143,
        labels: { tier: "db" },
        facts: { os: "linux", hostname: "vm 5", zone: "", harnessVersion: "", proxyVersion: "" },
        health: { state: "Ready", seq: 9, reason: "Ok", message: "fine" },
      },
    });
  });

  it("takes Linkerd's own port where none is said, and no report for not ready", () => {
    const parsed = parseRegister(register({ inboundPort: 0, health: undefined }), identity);
    assert.ok(parsed.ok && parsed.call.inboundPort === 4143 && parsed.call.health.state === "NotReady");
  });

  it("takes a state that it does not know for not ready", () => {
    const state = (value: number) => {
      const parsed = parseRegister(register({ health: { ...health, state: value as Health_State } }), identity);
      return parsed.ok && parsed.call.health.state;
    };
    assert.deepEqual([0, 1, 2, 3, 4, -1].map(state), ["NotReady", "NotReady", "Ready", "Draining", "NotReady", "NotReady"]);
  });

  for (const [title, change, reason] of bad) {
    it(`refuses ${title}`, () => {
      const parsed = parseRegister(register(change), identity);
      assert.equal(parsed.ok ? "accepted" : parsed.refusal.reason, reason);
    });
  }
});

describe("parseRenew and parseDeregister", () => {
  it("read what a machine says", () => {
    const renew = make(RenewRequest, { workloadNamespace: "shop", workloadName: "orders-1", leaseToken: "t", incarnation, health, configVersion: "c", addresses: [] });
    const parsed = parseRenew(renew, identity);
    assert.ok(parsed.ok && parsed.call.key.name === "orders-1" && parsed.call.token === "t" && parsed.call.configVersion === "c");
    const mode = (value: number) => {
      const leave = parseDeregister(make(DeregisterRequest, { workloadNamespace: "shop", workloadName: "orders-1", incarnation, mode: value as DeregisterRequest["mode"] }), identity);
      return leave.ok && leave.call.mode;
    };
    assert.deepEqual([0, 1, 2].map(mode), ["drain", "delete", "drain"]);
  });

  it("refuse a token that nobody issued, before anything is computed from it", () => {
    const parsed = parseRenew(make(RenewRequest, { workloadNamespace: "shop", workloadName: "orders-1", leaseToken: "t".repeat(129), incarnation }), identity);
    assert.equal(!parsed.ok && parsed.refusal.reason, "LEASE_INVALID");
  });
});

describe("the wire", () => {
  it("takes garbage, truncated and changed messages for refusals, never for crashes", () => {
    const good = RegisterRequest.encode(register()).finish();
    const changed = fc.tuple(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(good.length)).map(([changes, length]) => {
      const bytes = Uint8Array.from(good);
      for (const [index, value] of changes) bytes[index] = value;
      return bytes.subarray(0, length);
    });
    fc.assert(fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      const [first, second, third] = [decode(RegisterRequest, bytes), decode(RenewRequest, bytes), decode(DeregisterRequest, bytes)];
      const results = [first && parseRegister(first, identity), second && parseRenew(second, identity), third && parseDeregister(third, identity)];
      return results.every((result) => result === undefined || typeof result.ok === "boolean");
    }), { numRuns: 34_000 });
  }).timeout(60_000);
});

// gRPC answers a message that cannot be decoded by itself; what decodes must be judged.
function decode<T>(codec: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T | undefined {
  try {
    return codec.decode(bytes);
  } catch {
    return undefined;
  }
}
