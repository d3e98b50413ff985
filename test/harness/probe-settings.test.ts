import assert from "node:assert/strict";
import { groupProbeOf, isOwnAdmin } from "../../src/harness/probe-settings.ts";
import { machineSettings } from "../support/settings.ts";

function probeOf(probe: string): ReturnType<typeof groupProbeOf> {
  const setting = machineSettings({ probe }).probe;
  assert.ok(setting !== undefined);
  return groupProbeOf(setting);
}

describe("the probe of a machine's own settings", () => {
  const times = { initialDelaySeconds: 0, periodSeconds: 5, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };

  it("is one of a group, with its own times", () => {
    assert.deepEqual(probeOf("http://127.0.0.1:8080/ready"), { ...times, action: { kind: "httpGet", host: "127.0.0.1", port: 8080, path: "/ready", scheme: "HTTP", headers: {} } });
    assert.deepEqual(probeOf("tcp://[::1]:5432"), { ...times, action: { kind: "tcpSocket", host: "::1", port: 5432 } });
  });

  it("is known when it aims at the harness itself", () => {
    const own = ["http://127.0.0.1:4192/ready", "http://127.9.9.9:4192/", "tcp://127.0.0.1:4192", "tcp://[::1]:4192", "http://localhost:4192/live"];
    const others = ["http://127.0.0.1:8080/ready", "http://192.0.2.1:4192/ready", "tcp://127.example.com:4192"];
    assert.deepEqual(own.filter((text) => !isOwnAdmin(probeOf(text), 4192)), []);
    assert.deepEqual(others.filter((text) => isOwnAdmin(probeOf(text), 4192)), []);
    assert.equal(isOwnAdmin({ ...times, action: { kind: "grpc", port: 4192, service: "" } }, 4192), false);
    assert.equal(isOwnAdmin({ ...times, action: { kind: "exec", command: ["true"] } }, 4192), false);
  });
});
