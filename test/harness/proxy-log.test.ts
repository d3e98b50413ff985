import assert from "node:assert/strict";
import fc from "fast-check";
import { parseProxyLine } from "../../src/harness/proxy-log.ts";

describe("lines of the proxy", () => {
  for (const [line, expected] of [
    ['{"timestamp":"[     0.002187s]","level":"INFO","fields":{"message":"Admin interface on 127.0.0.1:4191"},"target":"linkerd2_proxy","threadId":"ThreadId(1)"}', { level: "info", message: "Admin interface on 127.0.0.1:4191" }],
    ['{"timestamp":"[     0.101s]","level":"WARN","fields":{"message":"Unexpected SPIRE Workload API response; retrying with a backoff","error":"status"},"target":"x"}', { level: "warn", message: "Unexpected SPIRE Workload API response; retrying with a backoff error=status" }],
    ['{"level":"INFO","fields":{"message":"Certified identity","id":"spiffe://a/b","n":3}}', { level: "info", message: "Certified identity id=spiffe://a/b n=3" }],
    ["Invalid configuration: invalid environment variable", { level: "warn", message: "Invalid configuration: invalid environment variable" }],
    ["[     0.001s] ERROR ThreadId(01) linkerd_app::env: LOG is not valid", { level: "error", message: "[     0.001s] ERROR ThreadId(01) linkerd_app::env: LOG is not valid" }],
    ["{ not json", { level: "warn", message: "{ not json" }],
    ["", { level: "warn", message: "" }],
  ] as const) {
    it(line.slice(0, 60), () => assert.deepEqual(parseProxyLine(line), expected));
  }

  it("are never too strange", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => assert.equal(typeof parseProxyLine(line).message, "string")));
  });
});
