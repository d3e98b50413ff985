import type { Address, Network } from "./settings/values.ts";
import type { RedirectPlan } from "./traffic.ts";
import type { TrafficMatch, TrafficRow } from "./traffic-row.ts";
import { fixedRows } from "./traffic-table.ts";

/** Every row that a plan means, in the order in which they are judged; a direction not captured has none. */
export function trafficRows(plan: RedirectPlan): readonly TrafficRow[] {
  return [
    ...(plan.captureOutbound ? outboundRows(plan) : []),
    ...(plan.captureInbound ? inboundRows(plan) : []),
  ];
}

/** Host networks of the addresses, v4 first. */
export function addressNetworks(addresses: Address): readonly Network[] {
  const v4: Network[] = addresses.v4 === undefined ? [] : [{ family: 4, address: addresses.v4, prefix: 32 }];
  const v6: Network[] = addresses.v6 === undefined ? [] : [{ family: 6, address: addresses.v6, prefix: 128 }];
  return [...v4, ...v6];
}

function outboundRows(plan: RedirectPlan): readonly TrafficRow[] {
  const row = rowMaker("outbound");
  return [
    row("mesh-user", { kind: "user", uid: plan.exemptUser }, "the proxy and its harness would be sent back to themselves"),
    ...([4, 6] as const).filter((family) => !plan.outboundFamilies.includes(family)).map((family) =>
      row(`no-ipv${family}`, { kind: "family", family }, "the proxy has no listener for this family")),
    ...fixedRows.filter((fixed) => fixed.direction === "outbound"),
    row("ignored-ports", { kind: "ports", ports: plan.outboundPortsToIgnore }, "OUTBOUND_PORTS_TO_IGNORE of this machine"),
    row("ignored-networks", { kind: "networks", networks: plan.outboundNetworksToIgnore }, "OUTBOUND_NETWORKS_TO_IGNORE of this machine"),
    {
      ...row("to-the-mesh", { kind: "process" }, "whatever a process dials goes out through the proxy"),
      verdict: "capture",
    },
  ];
}

function inboundRows(plan: RedirectPlan): readonly TrafficRow[] {
  const row = rowMaker("inbound");
  return [
    row("own-ports", { kind: "ports", ports: plan.ownPorts }, "ports of the proxy and the harness are reached directly"),
    ...fixedRows.filter((fixed) => fixed.direction === "inbound"),
    row("ignored-ports", { kind: "ports", ports: plan.inboundPortsToIgnore }, "INBOUND_PORTS_TO_IGNORE of this machine"),
    {
      ...row("from-the-mesh", { kind: "networks", networks: addressNetworks(plan.addresses) }, "the proxy serves this machine's mesh address and no other"),
      verdict: "capture",
    },
  ];
}

function rowMaker(direction: TrafficRow["direction"]) {
  return (name: string, match: TrafficMatch, why: string): TrafficRow => ({ name, direction, verdict: "exempt", match, why });
}
