import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseProxyMetrics } from "../../src/harness/proxy-metrics.ts";

// Recorded from linkerd2-proxy v2.366.0, shortened.
const recorded = readFileSync("test/golden/harness/proxy-metrics.txt", "utf8");

describe("metrics of the proxy", () => {
  it("recorded from linkerd2-proxy v2.366.0 tell version and expiry", () => {
    assert.deepEqual(parseProxyMetrics(recorded), { version: "2.366.0", certificateExpires: 1795520091 });
  });

  it("before the first certificate tell none", () => {
    assert.equal(parseProxyMetrics(recorded.replace(/ 1795520091\.0/u, " 0.0")).certificateExpires, undefined);
    assert.deepEqual(parseProxyMetrics("# EOF\n"), { version: undefined, certificateExpires: undefined });
  });

  it("of an older proxy have another prefix, and labels", () => {
    assert.equal(parseProxyMetrics('identity_cert_expiration_timestamp_seconds{a="b"} 1.7e9\n').certificateExpires, 1_700_000_000);
  });
});
