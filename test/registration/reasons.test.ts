import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { isReason, reasons, refuseCall } from "../../src/registration/reasons.ts";

describe("reasons", () => {
  it("name codes of gRPC, and say when to call again wherever the answer is to wait", () => {
    for (const [reason, row] of Object.entries(reasons)) {
      assert.equal(typeof status[row.code], "number", reason);
      // QUOTA's time is that of the caller's own bucket.
      if (row.next === "wait" && reason !== "QUOTA") assert.ok("retryAfter" in row && row.retryAfter >= 1000, reason);
    }
  });

  it("become a refusal with the table's time or the server's own", () => {
    assert.deepEqual(refuseCall("GROUP_NOT_FOUND", "No group."), { reason: "GROUP_NOT_FOUND", code: "FAILED_PRECONDITION", retryAfter: 15_000, message: "No group." });
    assert.equal(refuseCall("QUOTA", "Slow down.", 700).retryAfter, 700);
    assert.equal(refuseCall("NO_IDENTITY", "Who?").retryAfter, undefined);
  });

  it("are told apart from what other servers may say and from what every object has", () => {
    assert.deepEqual(["SUPERSEDED", "superseded", "toString", "NEWER_REASON", ""].map(isReason), [true, false, false, false, false]);
  });
});
