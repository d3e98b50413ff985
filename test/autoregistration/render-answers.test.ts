import assert from "node:assert/strict";
import { readConfigVersion } from "../../src/autoregistration/names.ts";
import { renderDeregistered, renderRegistered, renderRenewed } from "../../src/autoregistration/render-answers.ts";
import type { ProbeAction } from "../../src/model/external-group.ts";
import { DeregisterResponse, RegisterResponse, RenewResponse } from "../../src/registration/generated/registration.ts";
import { group, lease, object } from "./samples.ts";

const times = { initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, successThreshold: 4, failureThreshold: 5 };
const actions: readonly ProbeAction[] = [
  { kind: "httpGet", host: "127.0.0.1", port: 80, path: "/", scheme: "HTTP", headers: { a: "b" } },
  { kind: "tcpSocket", host: "127.0.0.1", port: 81 },
  { kind: "grpc", port: 82, service: "s" },
  { kind: "exec", command: ["a", "b"] },
];

describe("answers", () => {
  for (const action of actions) {
    it(`carry a ${action.kind} probe over the wire as the group says it`, () => {
      const probed = group({ probe: { action, ...times } });
      const answer = renderRegistered({ object: object(), lease: lease(), uid: "u", token: "t", group: probed, configVersion: readConfigVersion(probed) });
      const read = RegisterResponse.decode(RegisterResponse.encode(answer).finish());
      assert.deepEqual(read, answer);
      const { kind, ...values } = action;
      assert.deepEqual(read.probe, { kind: { $case: kind, value: values }, initialDelayS: 1, periodS: 2, timeoutS: 3, successThreshold: 4, failureThreshold: 5 });
    });
  }

  it("leave unsaid what the group leaves unsaid", () => {
    const answer = renderRegistered({ object: object(), lease: lease(), uid: "u", token: "t", group: group({ proxy: { clusterDomain: "mesh.example" } }), configVersion: "c" });
    assert.deepEqual([answer.probe, answer.proxy?.clusterDomain, answer.proxy?.policyAddr], [undefined, "mesh.example", ""]);
    assert.deepEqual([answer.workloadName, answer.identity, answer.lease?.duration], ["orders-1", "spiffe://td/vm/orders", { seconds: 40n, nanos: 0 }]);
  });

  it("acknowledge a report, and say how long to drain to the millisecond", () => {
    const renewed = renderRenewed({ token: "t", group: group(), lease: lease(), configChanged: true, healthSeq: 12 });
    assert.deepEqual(RenewResponse.decode(RenewResponse.encode(renewed).finish()), renewed);
    assert.deepEqual([renewed.healthSeqApplied, renewed.minNextCall, renewed.configChanged], [12n, { seconds: 1n, nanos: 0 }, true]);
    const left = renderDeregistered({ drainFor: 6001 });
    assert.deepEqual(DeregisterResponse.decode(DeregisterResponse.encode(left).finish()).drainFor, { seconds: 6n, nanos: 1_000_000 });
  });
});
