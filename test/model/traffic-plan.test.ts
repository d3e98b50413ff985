import assert from "node:assert/strict";
import { loopbackFamilies, planTraffic, type TrafficSettings } from "../../src/model/traffic-plan.ts";
import type { TrafficRow } from "../../src/model/traffic-row.ts";
import { trafficRows } from "../../src/model/traffic-rows.ts";

const settings: TrafficSettings = {
  inboundNetworkAddress: { v4: "192.0.2.10" },
  proxyInboundPort: 4143, proxyOutboundPort: 4140, proxyAdminPort: 4191, harnessAdminPort: 4192,
  outboundRedirect: "on",
  outboundPortsToIgnore: [{ from: 8081, to: 8081 }],
  outboundNetworksToIgnore: [{ family: 4, address: "198.51.100.0", prefix: 24 }],
  inboundPortsToIgnore: [],
};

function rows(changes: Partial<TrafficSettings> = {}): readonly TrafficRow[] {
  return trafficRows(planTraffic({ ...settings, ...changes }, 988));
}

function lines(all: readonly TrafficRow[]): readonly string[] {
  return all.map((row) => `${row.direction} ${row.verdict} ${row.name}`);
}

describe("traffic plan", () => {
  it("captures IPv6 only where the proxy can listen on its loopback address", () => {
    assert.deepEqual(loopbackFamilies([{ address: "127.0.0.1" }, { address: "::1" }]), [4, 6]);
    assert.deepEqual(loopbackFamilies([{ address: "127.0.0.1" }, { address: "fe80::1" }]), [4]);
  });

  it("is the settings' ports, lists and addresses, and the user that is exempt", () => {
    const plan = planTraffic(settings, 988);
    assert.deepEqual(plan.ownPorts.map((range) => range.from), [4140, 4143, 4191, 4192]);
    assert.deepEqual({ ...plan, ownPorts: [] }, {
      outboundPort: 4140, inboundPort: 4143, captureInbound: true, captureOutbound: true,
      outboundPortsToIgnore: settings.outboundPortsToIgnore, outboundNetworksToIgnore: settings.outboundNetworksToIgnore,
      inboundPortsToIgnore: [], ownPorts: [], outboundFamilies: [4, 6], exemptUser: 988, addresses: { v4: "192.0.2.10" }, mode: "redirect",
    });
  });

  it("captures nothing outbound on a machine that only receives", () => {
    assert.ok(lines(rows({ outboundRedirect: "off" })).every((line) => line.startsWith("inbound ")));
    assert.equal(planTraffic({ ...settings, outboundRedirect: "off" }, 988).captureOutbound, false);
  });

  it("captures nothing inbound where no address is known", () => {
    const { inboundNetworkAddress: _none, ...without } = settings;
    const capture = trafficRows(planTraffic(without, 988)).find((row) => row.direction === "inbound" && row.verdict === "capture");
    assert.deepEqual(capture?.match, { kind: "networks", networks: [] });
  });
});
