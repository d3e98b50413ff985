import assert from "node:assert/strict";
import fc from "fast-check";
import { parseLastAnswer, renderLastAnswer, type LastAnswer } from "../../../src/harness/registration/last-answer.ts";
import type { GroupProbe, ProbeAction } from "../../../src/model/external-group.ts";
import { identity, registered } from "./answers.ts";

const incarnation = { instanceId: "i1", incarnationId: "l1", startedAt: new Date("2026-01-01T00:00:00Z"), epoch: 3 };
const last: LastAnswer = { identity, group: { namespace: "shop", name: "orders" }, incarnation, savedAt: new Date("2026-01-01T00:00:01Z"), answer: registered() };

// A file has no prototypes, and so no `__proto__`; on the wire such a header or value is none either.
const anyTexts = fc.dictionary(fc.string().filter((name) => name !== "__proto__"), fc.string());
const anyPort = fc.integer({ min: 1, max: 65_535 });
const anyAction: fc.Arbitrary<ProbeAction> = fc.oneof(
  fc.record({ kind: fc.constant("httpGet" as const), host: fc.string(), port: anyPort, path: fc.string(), scheme: fc.constantFrom("HTTP" as const, "HTTPS" as const), headers: anyTexts }),
  fc.record({ kind: fc.constant("tcpSocket" as const), host: fc.string(), port: anyPort }),
  fc.record({ kind: fc.constant("grpc" as const), port: anyPort, service: fc.string() }),
  fc.record({ kind: fc.constant("exec" as const), command: fc.array(fc.string(), { minLength: 1 }) }),
);
const anyProbe: fc.Arbitrary<GroupProbe> = fc.record({ action: anyAction, initialDelaySeconds: fc.nat(), periodSeconds: fc.nat(), timeoutSeconds: fc.nat(), successThreshold: fc.nat(), failureThreshold: fc.nat() });
const anyAnswer = fc.record({
  probe: fc.option(anyProbe, { nil: undefined }), proxy: anyTexts, configVersion: fc.string(),
  ports: fc.array(fc.record({ name: fc.string(), port: anyPort, protocol: fc.constantFrom("TCP" as const, "UDP" as const) })),
}).map((change) => registered(change));

describe("the last answer of the service", () => {
  it("is read as it was written, whatever the group's probe is", () => {
    fc.assert(fc.property(anyAnswer, (answer) => {
      const whole = { ...last, answer };
      assert.deepEqual(parseLastAnswer(renderLastAnswer(whole)), JSON.parse(JSON.stringify(whole), revive));
    }));
  });

  it("is not what another version wrote, nor what a crash left", () => {
    const text = renderLastAnswer(last);
    assert.deepEqual(parseLastAnswer(text)?.savedAt, last.savedAt);
    const value = JSON.parse(text) as Record<string, unknown>;
    for (const broken of [
      "", "null", "[]", text.slice(0, -20), JSON.stringify({ ...value, version: 2 }), JSON.stringify({ ...value, incarnation: { ...incarnation, epoch: 0 } }),
      JSON.stringify({ ...value, savedAt: "yesterday" }), JSON.stringify({ ...value, answer: { ...last.answer, lease: { duration: 1 } } }),
      JSON.stringify({ ...value, answer: { ...last.answer, probe: { action: { kind: "smoke" } } } }),
    ]) assert.equal(parseLastAnswer(broken), undefined, broken);
  });
});

function revive(key: string, value: unknown): unknown {
  if (key === "startedAt" || key === "savedAt") return new Date(String(value));
  return key === "answer" ? { probe: undefined, ...(value as object) } : value;
}
