import assert from "node:assert/strict";
import fc from "fast-check";
import { Health, RegisterRequest, type Health_State } from "../../src/registration/generated/registration.ts";
import { decodeDuration, decodeHealth, decodeTimestamp, encodeDuration, encodeHealth, encodeIncarnation, encodeTimestamp, type MachineHealth } from "../../src/registration/messages.ts";

const someDate = fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
const maybeDate = fc.option(someDate, { nil: undefined });
const someHealth: fc.Arbitrary<MachineHealth> = fc.record({
  state: fc.constantFrom("NotReady", "Ready", "Draining"),
  seq: fc.maxSafeNat(),
  reason: fc.string(),
  message: fc.string({ unit: "grapheme" }),
  lastProbe: maybeDate,
  lastTransition: maybeDate,
  proxyReady: fc.boolean(),
  identityReady: fc.boolean(),
  redirectReady: fc.boolean(),
  applicationReady: fc.boolean(),
  svidExpires: maybeDate,
}, { noNullPrototype: true });

describe("messages", () => {
  it("keep every duration of whole milliseconds, with both parts of one sign", () => {
    fc.assert(fc.property(fc.integer({ min: -(10 ** 14), max: 10 ** 14 }), (milliseconds) => {
      const { seconds, nanos } = encodeDuration(milliseconds);
      assert.ok(Number(seconds) * nanos >= 0 && Math.abs(nanos) < 1e9 && !Object.is(nanos, -0));
      assert.equal(decodeDuration({ seconds, nanos }), milliseconds + 0);
    }));
    assert.deepEqual(encodeDuration(999.9999), { seconds: 1n, nanos: 0 });
  });

  it("take no duration or time that protobuf does not allow", () => {
    assert.equal(decodeDuration(undefined), undefined);
    for (const bad of [{ seconds: 1n, nanos: -1 }, { seconds: 2n ** 62n, nanos: 0 }, { seconds: 0n, nanos: 1_000_000_000 }]) assert.equal(decodeDuration(bad), undefined);
    assert.equal(decodeTimestamp(undefined), undefined);
    for (const bad of [{ seconds: 253_402_300_800n, nanos: 0 }, { seconds: -(2n ** 63n), nanos: 0 }, { seconds: 0n, nanos: -1 }]) assert.equal(decodeTimestamp(bad), undefined);
  });

  it("keep every time of the years 1 to 9999", () => {
    fc.assert(fc.property(someDate, (time) => assert.deepEqual(decodeTimestamp(encodeTimestamp(time)), time)));
  });

  it("keep all of a machine's health over the wire", () => {
    fc.assert(fc.property(someHealth, (health) => {
      assert.deepEqual(decodeHealth(Health.decode(Health.encode(encodeHealth(health)).finish())), health);
    }));
  });

  it("take a state that only a newer machine knows for not ready, and no number that a number cannot hold", () => {
    const health = encodeHealth({ state: "Ready", seq: 1, reason: "", message: "", proxyReady: true, identityReady: true, redirectReady: true, applicationReady: true });
    for (const state of [0, 7, -1]) assert.equal(decodeHealth({ ...health, state: state as Health_State })?.state, "NotReady");
    assert.equal(decodeHealth({ ...health, seq: 2n ** 53n }), undefined);
  });

  it("keep an incarnation", () => {
    const startedAt = new Date("2026-11-24T11:00:00.123Z");
    assert.deepEqual(encodeIncarnation({ instanceId: "i", incarnationId: "n", startedAt, epoch: 7 }), { instanceId: "i", incarnationId: "n", startedAt: { seconds: 1_795_518_000n, nanos: 123_000_000 }, epoch: 7n });
  });

  it("that are garbage are read as something or refused with an Error, never worse", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        assert.ok(Array.isArray(RegisterRequest.decode(bytes).addresses));
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }), { numRuns: 5000 });
  });
});
