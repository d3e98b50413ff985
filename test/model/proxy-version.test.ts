import assert from "node:assert/strict";
import { judgeProxyVersion, parseProxyVersion } from "../../src/model/proxy-version.ts";

describe("proxy version", () => {
  for (const [text, why] of [
    ["2.303.9", /older than 2\.304\.0/], ["v2.303.0", /older/], ["2.304.0", undefined], ["2.328.0", undefined], ["2.328.7", undefined],
    ["2.329.0", /cannot fetch an identity/], ["v2.330.1", /2\.331\.0 can again/], ["2.331.0", undefined], ["v2.366.0", undefined],
    ["1.9.0", /line that nobody has tried/], ["3.0.0", /line/], ["dev-1a2b3c", undefined], ["0.0.0-dev.1a2b", /line/], ["", undefined], ["2.303", undefined],
  ] as const) {
    it(`${text === "" ? "none" : text} ${why === undefined ? "may run" : "may not"}`, () => {
      const judged = judgeProxyVersion(text);
      if (why === undefined) assert.equal(judged, undefined);
      else assert.match(judged ?? "", why);
    });
  }

  it("is read with and without its v, and with what a build adds", () => {
    assert.deepEqual(parseProxyVersion("v2.331.0-rc1+x"), [2, 331, 0]);
    assert.equal(parseProxyVersion("2.331"), undefined);
  });
});
