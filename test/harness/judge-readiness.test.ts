import assert from "node:assert/strict";
import { judgeReadiness, type ProxyObservation } from "../../src/harness/judge-readiness.ts";

const now = new Date("2026-01-01T00:00:00Z");
const seconds = now.getTime() / 1000;
const good: ProxyObservation = {
  ready: 200, metrics: { version: "2.366.0", certificateExpires: seconds + 60 }, proxyPid: 7, now,
  listeners: [{ port: 4140, pid: 7 }, { port: 4143, pid: undefined }],
};

describe("readiness of the proxy", () => {
  for (const [what, seen, verdict, why] of [
    ["all good", {}, "ready", undefined],
    ["a version that says nothing", { metrics: { version: undefined, certificateExpires: seconds + 60 } }, "ready", undefined],
    ["another process on its port", { listeners: [{ port: 4143, pid: 8 }] }, "foreign", /port 4143 is listened on by process 8/],
    ["another process is told before a wrong version", { listeners: [{ port: 4143, pid: 8 }], metrics: { version: "2.330.0", certificateExpires: undefined } }, "foreign", /4143/],
    ["a version that cannot work", { metrics: { version: "2.330.0", certificateExpires: seconds + 60 } }, "unfit", /2\.330\.0/],
    ["no answer", { ready: undefined }, "unready", /admin port does not answer/],
    ["no metrics", { metrics: undefined }, "unready", /metrics/],
    ["/ready 200 and no certificate: the identity task has died", { metrics: { version: "2.366.0", certificateExpires: undefined } }, "unready", /no certificate/],
    ["a certificate that ends this second", { metrics: { version: "2.366.0", certificateExpires: seconds } }, "unready", /ended at 2026-01-01T00:00:00\.000Z/],
    ["/ready 503", { ready: 503 }, "unready", /\/ready with 503/],
  ] as const) {
    it(`${what}: ${verdict}`, () => {
      const judged = judgeReadiness({ ...good, ...seen });
      assert.equal(judged.verdict, verdict);
      if (why !== undefined) assert.match("why" in judged ? judged.why : "", why);
    });
  }
});
