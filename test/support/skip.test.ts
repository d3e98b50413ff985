import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { judgeSkip, parseMaySkip } from "./skip.ts";

describe("skipUnless", () => {
  it("runs the suite when the condition holds", () => {
    assert.deepEqual(runSkipping({ SKIPPING_SUITE: "unlisted", SKIPPING_NEED: "present", CI: "true" }), { passes: 1, pending: 0, failures: 0, said: false });
  });

  it("skips with its reason on a user's machine", () => {
    assert.deepEqual(runSkipping({ SKIPPING_SUITE: "unlisted" }), { passes: 0, pending: 1, failures: 0, said: true });
  });

  it("fails under CI=true when the suite is not listed", () => {
    assert.deepEqual(runSkipping({ SKIPPING_SUITE: "unlisted", CI: "true" }), { passes: 0, pending: 0, failures: 1, said: true });
  });

  it("skips under CI=true when the suite is listed", () => {
    assert.deepEqual(runSkipping({ SKIPPING_SUITE: "windows", CI: "true" }), { passes: 0, pending: 1, failures: 0, said: true });
  });
});

describe("judgeSkip", () => {
  it("says what to do about a skip that is not allowed", () => {
    const refusal = judgeSkip({ suite: "netns", reason: "nft is missing" }, { ci: true, maySkip: new Set(["windows"]) });
    assert.match(refusal ?? "", /'netns' must not skip when CI=true \(nft is missing\): let \.ci\/run install/u);
  });
});

describe("parseMaySkip", () => {
  it("reads names and leaves comments out", () => {
    assert.deepEqual([...parseMaySkip("# why\n\nwindows: needs Windows\nreal-proxy: by hand\n")], ["windows", "real-proxy"]);
  });

  it("refuses a name without a reason", () => {
    assert.throws(() => parseMaySkip("windows\n"), /'windows' is not 'name: reason'/u);
  });
});

function runSkipping(environment: Record<string, string>): { passes: number; pending: number; failures: number; said: boolean } {
  const { CI: _ci, ...outer } = process.env;
  const result = spawnSync(
    process.execPath,
    ["node_modules/mocha/bin/mocha.js", "--no-config", "--reporter", "json", "test/support/fixtures/skipping.ts"],
    { env: { ...outer, ...environment }, encoding: "utf8" },
  );
  const start = result.stdout.indexOf("{\n");
  const { passes, pending, failures } = (JSON.parse(result.stdout.slice(start)) as { stats: { passes: number; pending: number; failures: number } }).stats;
  return { passes, pending, failures, said: result.stdout.includes("the need is missing") };
}
