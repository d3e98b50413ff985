import assert from "node:assert/strict";
import { Metadata, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { decodeRefusal, detailsTrailer, encodeRefusal } from "../../src/registration/error-details.ts";
import { ErrorInfo, RetryInfo, Status } from "../../src/registration/generated/error-details.ts";
import { encodeDuration } from "../../src/registration/messages.ts";
import { errorDomain, reasons, refuseCall, type Reason } from "../../src/registration/reasons.ts";

const anyReason = fc.constantFrom(...(Object.keys(reasons) as Reason[]));

/** A status as any server may send it. */
function received(wish: { reason?: string; domain?: string; delay?: number; code?: status }): ReturnType<typeof decodeRefusal> {
  const { reason = "GROUP_NOT_FOUND", domain = errorDomain, delay, code = status.FAILED_PRECONDITION } = wish;
  const details = [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: Buffer.from(ErrorInfo.encode({ reason, domain, metadata: {} }).finish()) }];
  if (delay !== undefined) details.push({ typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value: Buffer.from(RetryInfo.encode({ retryDelay: encodeDuration(delay) }).finish()) });
  const metadata = new Metadata();
  metadata.set(detailsTrailer, Buffer.from(Status.encode({ code, message: "", details }).finish()));
  return decodeRefusal({ code, details: "x", metadata });
}

describe("error details", () => {
  it("carry every refusal there and back", () => {
    const someTime = fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined });
    fc.assert(fc.property(anyReason, fc.stringMatching(/^[!-~äß→]{0,200}$/u), someTime, (reason, message, retryAfter) => {
      const refusal = refuseCall(reason, message, retryAfter);
      assert.deepEqual(decodeRefusal(encodeRefusal(refusal)), { ...refusal, next: reasons[reason].next });
    }));
  });

  it("are what the field's libraries read: google.rpc.Status with the same code and message, ErrorInfo before RetryInfo", () => {
    const sent = encodeRefusal(refuseCall("GROUP_NOT_FOUND", "No group shop/orders."));
    const body = Status.decode(sent.metadata.get(detailsTrailer)[0] as Buffer);
    assert.deepEqual([sent.code, sent.details, body.code, body.message], [9, "No group shop/orders.", 9, "No group shop/orders."]);
    assert.deepEqual(body.details.map(({ typeUrl }) => typeUrl), ["type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.RetryInfo"]);
    assert.deepEqual(ErrorInfo.decode(body.details[0]!.value), { reason: "GROUP_NOT_FOUND", domain: "registration.linkerd-mesh.io", metadata: {} });
    assert.deepEqual(RetryInfo.decode(body.details[1]!.value), { retryDelay: { seconds: 15n, nanos: 0 } });
  });

  it("never hold a text that the gRPC library cannot write", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 3000 }), fc.nat(60), (text, at) => {
      const { details } = encodeRefusal(refuseCall("QUOTA", `${text.slice(0, at)}\ud800${text.slice(at)}`));
      assert.ok(encodeURI(details).length > 0 && details.length <= 1024);
    }));
  });

  it("of a newer service are kept by name, and never stop the caller for good", () => {
    assert.deepEqual(received({ reason: "MOON_PHASE", delay: 5000 }), { reason: "MOON_PHASE", code: "FAILED_PRECONDITION", next: "wait", retryAfter: 5000, message: "x" });
    assert.equal(received({ reason: "MOON_PHASE" }).next, "backoff");
    for (const reason of ["toString", "", "A".repeat(64), "group_not_found"]) assert.equal(received({ reason }).reason, "FAILED_PRECONDITION", reason);
  });

  it("of another domain decide nothing", () => {
    assert.deepEqual(received({ domain: "example.com", reason: "ADDRESS_INVALID", delay: 10 }), { reason: "FAILED_PRECONDITION", code: "FAILED_PRECONDITION", next: "backoff", retryAfter: 10, message: "x" });
  });

  it("never send anybody away for longer than an hour, nor into the past", () => {
    assert.equal(received({ delay: 9e12 }).retryAfter, 3_600_000);
    assert.equal(received({ delay: -5 }).retryAfter, undefined);
  });

  it("that are garbage count as none", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: -5, max: 40 }), fc.string({ unit: "binary" }), (bytes, code, details) => {
      const metadata = new Metadata();
      metadata.set(detailsTrailer, Buffer.from(bytes));
      const refusal = decodeRefusal({ code, details, metadata });
      assert.ok(refusal.code in status && refusal.next === "backoff" && !/\p{Cc}/u.test(refusal.message));
    }), { numRuns: 2000 });
    assert.deepEqual(decodeRefusal({ code: status.UNAVAILABLE, details: "no\nroute", metadata: new Metadata() }), { reason: "UNAVAILABLE", code: "UNAVAILABLE", next: "backoff", retryAfter: undefined, message: "no route" });
  });
});
