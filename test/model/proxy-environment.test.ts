import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { listProxyVariables, renderProxyEnvironment, type ProxyFacts } from "../../src/model/proxy-environment.ts";
import { machineSettings } from "../support/settings.ts";

const facts: ProxyFacts = {
  settings: machineSettings(), os: "linux", hostname: "host-1", families: [4, 6], trustAnchors: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
  workload: { name: "vm", namespace: "apps", identity: "spiffe://mesh.test/vm", serverName: "vm.apps.mesh.test" },
  workloadApi: "unix:///run/spire/api.sock", inherited: { PATH: "/usr/bin", HOME: "/home/somebody", SECRET: "x" },
};

const machines: Readonly<Record<string, ProxyFacts>> = {
  ipv4: facts,
  "ipv4-only-kernel": { ...facts, families: [4] },
  ipv6: { ...facts, settings: machineSettings({ "inbound-network-address": "2001:db8::10" }) },
  dual: { ...facts, settings: machineSettings({ "inbound-network-address": "192.0.2.10,2001:db8::10" }) },
  windows: { ...facts, os: "win32", settings: machineSettings({}, "win32"), workloadApi: String.raw`\\.\pipe\spire-agent\public\api`, inherited: { SystemRoot: String.raw`C:\Windows`, PATH: "x", TEMP: "t", SECRET: "x" } },
};

describe("environment of linkerd2-proxy", () => {
  for (const [name, machine] of Object.entries(machines)) {
    it(`of a machine: ${name}`, () => {
      const text = Object.entries(renderProxyEnvironment(machine)).map(([key, value]) => `${key}=${value.trimEnd()}\n`).join("");
      const path = `test/golden/proxy-environment/${name}.txt`;
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, text);
      assert.equal(text, readFileSync(path, "utf8"));
    });
  }

  it("has a reason for every variable, and never one of our own secrets", () => {
    assert.ok(listProxyVariables().every(({ name, why }) => name.startsWith("LINKERD2_PROXY_") && why.length > 5));
    assert.equal(renderProxyEnvironment(facts)["SECRET"], undefined);
  });
});
