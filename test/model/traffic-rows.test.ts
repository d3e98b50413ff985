import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { PortRange } from "../../src/model/settings/values.ts";
import { planTraffic } from "../../src/model/traffic-plan.ts";
import type { TrafficRow } from "../../src/model/traffic-row.ts";
import { addressNetworks, trafficRows } from "../../src/model/traffic-rows.ts";

function rows(inboundPortsToIgnore: readonly PortRange[] = []): readonly TrafficRow[] {
  return trafficRows(planTraffic({
    inboundNetworkAddress: { v4: "192.0.2.10" }, proxyInboundPort: 4143, proxyOutboundPort: 4140, proxyAdminPort: 4191, harnessAdminPort: 4192,
    outboundRedirect: "on", outboundPortsToIgnore: [], outboundNetworksToIgnore: [], inboundPortsToIgnore,
  }, 988));
}

describe("traffic rows", () => {
  it("are judged in this order", () => {
    assert.deepEqual(rows().map((row) => `${row.direction} ${row.verdict} ${row.name}`), [
      "outbound exempt mesh-user", "outbound exempt loopback-device", "outbound exempt untracked", "outbound exempt loopback",
      "outbound exempt link-local", "outbound exempt multicast", "outbound exempt unspecified", "outbound exempt azure-host",
      "outbound exempt management", "outbound exempt logon", "outbound exempt ignored-ports", "outbound exempt ignored-networks",
      "outbound capture to-the-mesh",
      "inbound exempt own-ports", "inbound exempt loopback-device", "inbound exempt untracked", "inbound exempt management",
      "inbound exempt ignored-ports", "inbound capture from-the-mesh",
    ]);
  });

  it("have names that are unique in their direction, and a short reason each", () => {
    const all = rows();
    assert.equal(new Set(all.map((row) => `${row.direction} ${row.name}`)).size, all.length);
    for (const row of all) {
      assert.match(row.name, /^[a-z]+(-[a-z]+)*$/);
      assert.match(row.why, /^[^"]{10,90}$/);
    }
  });

  it("exempt the ports by which one administers a machine even when the setting names none", () => {
    for (const port of [22, 445, 3389, 5985, 5986]) {
      const exempt = rows([]).some((row) =>
        row.direction === "inbound" && row.verdict === "exempt" && row.match.kind === "ports"
        && row.match.ports.some((range) => range.from <= port && port <= range.to));
      assert.ok(exempt, `port ${port}`);
    }
  });

  it("are those of the captured directions only", () => {
    const plan = { ...planTraffic({
      proxyInboundPort: 4143, proxyOutboundPort: 4140, proxyAdminPort: 4191, harnessAdminPort: 4192,
      outboundRedirect: "on", outboundPortsToIgnore: [], outboundNetworksToIgnore: [], inboundPortsToIgnore: [],
    }, 988), captureInbound: false };
    assert.deepEqual(new Set(trafficRows(plan).map((row) => row.direction)), new Set(["outbound"]));
    assert.deepEqual(trafficRows({ ...plan, captureOutbound: false }), []);
    assert.deepEqual(new Set(trafficRows({ ...plan, captureOutbound: false, captureInbound: true }).map((row) => row.direction)), new Set(["inbound"]));
  });

  it("exempt a family in which the proxy does not listen", () => {
    const plan = planTraffic({
      proxyInboundPort: 4143, proxyOutboundPort: 4140, proxyAdminPort: 4191, harnessAdminPort: 4192,
      outboundRedirect: "on", outboundPortsToIgnore: [], outboundNetworksToIgnore: [], inboundPortsToIgnore: [],
    }, 988);
    const families = (outboundFamilies: readonly (4 | 6)[]): unknown[] =>
      trafficRows({ ...plan, outboundFamilies }).filter((row) => row.match.kind === "family").map((row) => `${row.verdict} ${row.name}`);
    assert.deepEqual([families([4, 6]), families([4]), families([6])], [[], ["exempt no-ipv6"], ["exempt no-ipv4"]]);
  });

  it("capture inbound what goes to the machine's own addresses, each a network of one", () => {
    const v4 = { family: 4, address: "192.0.2.10", prefix: 32 } as const;
    const v6 = { family: 6, address: "2001:db8::10", prefix: 128 } as const;
    assert.deepEqual(rows().at(-1)?.match, { kind: "networks", networks: [v4] });
    assert.deepEqual(addressNetworks({ v4: v4.address, v6: v6.address }), [v4, v6]);
    assert.deepEqual(addressNetworks({ v6: v6.address }), [v6]);
  });

  it("stand in docs/redirect.md, in the same order with the same reasons", () => {
    const cells = readFileSync("docs/redirect.md", "utf8").split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    const documented = cells.filter(([, name = "", , why = ""]) => /^[a-z-]+$/.test(name) && why !== "" && !["row", "mode", "redirect", "refuse"].includes(name) && !/^-+$/.test(name));
    assert.deepEqual(documented.map(([, name, , why]) => `${name}: ${why}`), rows().map((row) => `${row.name}: ${row.why}`));
    for (const [, name, what = ""] of documented) assert.equal(what === "**captured**", rows().some((row) => row.name === name && row.verdict === "capture"), name);
  });
});
