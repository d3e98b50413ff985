import assert from "node:assert/strict";
import { renderCause } from "../../src/harness/problem.ts";

describe("the cause of a failure", () => {
  it("is what the error says, and of several what each says", () => {
    assert.equal(renderCause(new Error("refused")), "refused");
    assert.equal(renderCause("thrown"), "thrown");
    assert.equal(renderCause(new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused"), new Error("::1 refused")])), "::1 refused, 127.0.0.1 refused");
    assert.equal(renderCause(new AggregateError([], "all failed")), "all failed");
  });
});
