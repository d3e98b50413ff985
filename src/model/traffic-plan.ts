import type { Settings } from "./settings/settings.ts";
import type { PortRange } from "./settings/values.ts";
import type { RedirectPlan } from "./traffic.ts";

/** The settings that decide what is redirected. */
export type TrafficSettings = Pick<Settings,
  | "inboundNetworkAddress" | "proxyInboundPort" | "proxyOutboundPort" | "proxyAdminPort" | "harnessAdminPort"
  | "outboundRedirect" | "outboundPortsToIgnore" | "outboundNetworksToIgnore" | "inboundPortsToIgnore">;

/** What this machine's traffic shall do once the proxy, which runs as `uid`, is ready. */
export function planTraffic(settings: TrafficSettings, uid: number, families: readonly (4 | 6)[] = [4, 6]): RedirectPlan {
  const own = [settings.proxyOutboundPort, settings.proxyInboundPort, settings.proxyAdminPort, settings.harnessAdminPort];
  return {
    outboundPort: settings.proxyOutboundPort,
    inboundPort: settings.proxyInboundPort,
    captureInbound: true,
    captureOutbound: settings.outboundRedirect === "on",
    outboundPortsToIgnore: settings.outboundPortsToIgnore,
    outboundNetworksToIgnore: settings.outboundNetworksToIgnore,
    inboundPortsToIgnore: settings.inboundPortsToIgnore,
    ownPorts: own.map((port): PortRange => ({ from: port, to: port })),
    outboundFamilies: families,
    exemptUser: uid,
    addresses: settings.inboundNetworkAddress ?? {},
    mode: "redirect",
  };
}

/** The families in which a proxy can listen on loopback: a kernel without IPv6 has no ::1, and the proxy ends where it cannot listen. */
export function loopbackFamilies(addresses: readonly { readonly address: string }[]): readonly (4 | 6)[] {
  return addresses.some(({ address }) => address === "::1") ? [4, 6] : [4];
}
