import assert from "node:assert/strict";
import { judgeExternalWorkload, type ExternalWorkload } from "../../src/model/external-workload.ts";

const good: ExternalWorkload = {
  name: "legacy-app",
  namespace: "mixed-env",
  labels: { app: "legacy-app" },
  identity: "spiffe://root.linkerd.cluster.local/external-workload",
  serverName: "external-workload.cluster.local",
  addresses: ["192.0.2.10"],
  ports: [{ name: "http", port: 80 }],
  inboundPort: 4143,
};

const bad: readonly (readonly [Partial<ExternalWorkload>, RegExp])[] = [
  [{ name: "Legacy" }, /'Legacy' is not a DNS label/u],
  [{ name: "1app" }, /'1app' is not a DNS label that starts with a letter/u],
  [{ name: "a".repeat(64) }, /is not a DNS label/u],
  [{ namespace: "a.b" }, /namespace 'a.b'/u],
  [{ identity: "external-workload.cluster.local" }, /is not a SPIFFE id/u],
  [{ identity: `spiffe://td/${"a".repeat(250)}` }, /characters long; ExternalWorkload allows 253/u],
  [{ serverName: "under_score" }, /'under_score' is not a DNS name/u],
  [{ serverName: "" }, /is not a DNS name/u],
  [{ addresses: [] }, /has no address/u],
  [{ addresses: ["192.0.2.1", "192.0.2.2", "2001:db8::1"] }, /3 addresses/u],
  [{ ports: [{ name: "80", port: 80 }] }, /port name '80'/u],
  [{ ports: [{ name: "a-name-too-long-x", port: 80 }] }, /port name 'a-name-too-long-x'/u],
  [{ ports: [{ name: "http", port: 0 }] }, /port 0 is not between/u],
  [{ ports: [{ name: "http", port: 65_536 }] }, /port 65536 is not between/u],
  [{ ports: [{ name: "linkerd-proxy", port: 80 }] }, /'linkerd-proxy' is taken/u],
  [{ ports: [{ name: "http", port: 80 }, { name: "http", port: 81 }] }, /'http' is given twice/u],
];

describe("judgeExternalWorkload", () => {
  it("finds nothing wrong with an ordinary workload, nor at its limits", () => {
    const limits = { name: "a".repeat(63), ports: [{ name: "a".repeat(15), port: 65_535 }, { name: "b", port: 1 }], addresses: ["192.0.2.1", "2001:db8::1"] };
    assert.deepEqual(judgeExternalWorkload(good), []);
    assert.deepEqual(judgeExternalWorkload({ ...good, ...limits }), []);
  });

  for (const [changed, expected] of bad) {
    it(`names ${JSON.stringify(changed).slice(0, 60)}`, () => {
      const problems = judgeExternalWorkload({ ...good, ...changed });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
    });
  }

  it("reports every problem at once", () => {
    assert.equal(judgeExternalWorkload({ ...good, name: "A", namespace: "B", addresses: [] }).length, 3);
  });
});
